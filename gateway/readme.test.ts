/** The sessions of README and docs, run for real: what they show is what the service prints. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readSettings } from "./config.ts";
import { start } from "./serve.ts";

const run = promisify(execFile);

/** Page, and the settings of the service that its session talks to. */
const PAGES: readonly (readonly [page: string, settings: Record<string, string>])[] = [
  ["README.md", {}],
  ["docs/request-balance.md", { RINGFENCE_GROUPS: "g0,g1" }],
];

/** Commands of a page's `console` blocks, each with the output below it. */
function sessions(page: string): { command: string; output: string }[] {
  const blocks = [
    ...readFileSync(new URL(`../${page}`, import.meta.url), "utf8").matchAll(/```console\n(.*?)```/gs),
  ].map((match) => match[1]!);
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
  return text.replace(/"(requestId|at|created)":"[^"]*"/g, '"$1":""');
}

test.each(PAGES)("the session of %s prints what the page shows", async (page, settings) => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-readme-"));
  const data = join(folder, "data");
  const service = await start(
    readSettings({ RINGFENCE_DATA: data, RINGFENCE_PORT: "0", RINGFENCE_LOG_LEVEL: "silent", ...settings }),
  );
  try {
    const steps = sessions(page);
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
