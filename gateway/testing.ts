/** Helpers of the gateway's tests: temporary folders that are gone when the test is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Path of a new empty folder, removed after the running test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
