/** The README's session, run for real: what it shows is what the service prints. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readSettings } from "./config.ts";
import { start } from "./serve.ts";

const run = promisify(execFile);
const README = new URL("../README.md", import.meta.url);

/** Commands of the README's `console` blocks, each with the output below it. */
function sessions(): { command: string; output: string }[] {
  const blocks = [...readFileSync(README, "utf8").matchAll(/```console\n(.*?)```/gs)].map((match) => match[1]!);
  return blocks
    .join("")
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...output] = step.trimEnd().split("\n");
      return { command, output: output.join("\n") };
    });
}

/** What differs from run to run: request ids and times. */
function normal(text: string): string {
  return text.replace(/"requestId":"[^"]*"/g, '"requestId":""').replace(/"at":"[^"]*"/g, '"at":""');
}

test("the README's session prints what the README shows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-readme-"));
  const data = join(folder, "data");
  const service = await start(
    readSettings({ RINGFENCE_DATA: data, RINGFENCE_PORT: "0", RINGFENCE_LOG_LEVEL: "silent" }),
  );
  try {
    const steps = sessions();
    expect(steps.length).toBeGreaterThan(6);
    // One shell for the whole session, as a reader has; a mark after each step tells the outputs apart.
    const script = steps.map(({ command }) => `${command}\necho "@@"`).join("\n");
    const { stdout } = await run("bash", ["-c", script.replaceAll("http://127.0.0.1:8080", service.url)], {
      cwd: folder,
    });
    const printed = stdout.split("@@\n").slice(0, -1);
    expect(printed.map((text) => normal(text.trimEnd()))).toEqual(steps.map(({ output }) => normal(output)));
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
});
