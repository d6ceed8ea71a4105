/** The sessions of docs/one-pass.md, run for real: what the page shows is what the service and the simulator print. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { inProcess } from "../../e2e/server.ts";
import { simulator } from "./testing.ts";

const run = promisify(execFile);
const PAGE = new URL("../../../docs/one-pass.md", import.meta.url);

/** Commands of the page's `console` blocks, each with the output below it. */
function steps(): { command: string; output: string }[] {
  const blocks = [...readFileSync(PAGE, "utf8").matchAll(/```console\n(.*?)```/gs)].map((match) => match[1]!);
  const texts = blocks.join("").split(/^\$ /m).slice(1);
  return texts.map((text) => {
    const [command = "", ...output] = text.trimEnd().split("\n");
    return { command, output: output.join("\n") };
  });
}

/** Times differ from run to run, and full draws in vain: they depend on which replies come together. */
const normal = (text: string) => text.trimEnd().replace(/"(timestamp|draws|calls)":[0-9]+/g, '"$1":0');

test("the page's sessions print what the page shows", async () => {
  const fund = await simulator();
  const { url } = await inProcess({ ONEPASS_PARTNER: "demo", ONEPASS_FUND_URL: fund.url });
  // One shell for the whole session, as a reader has; a mark after each step tells the outputs apart.
  const script = steps().map(({ command }) => `${command}\necho "@@"`);
  const text = script
    .join("\n")
    .replaceAll("http://127.0.0.1:9090", new URL(fund.url).origin)
    .replaceAll("http://127.0.0.1:8080", url);
  const { stdout } = await run("bash", ["-c", text]);
  const printed = stdout.split("@@\n").slice(0, -1);
  expect(printed.map(normal)).toEqual(steps().map(({ output }) => normal(output)));
});
