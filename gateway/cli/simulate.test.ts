import { once } from "node:events";
import { expect, test } from "vitest";
import { call, initFunds, simulatorProcess } from "../facades/one-pass/testing.ts";
import { run } from "./run.ts";

async function ringfence(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, { out: async (line) => void out.push(line), err: (line) => void err.push(line) });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("--help lists every option", async () => {
  const { code, out } = await ringfence("simulate", "--help");
  expect(code).toBe(0);
  for (const option of [
    "port",
    "delay-ms",
    "rate-504",
    "rate-paid-504",
    "rate-crossed",
    "rate-duplicate",
    "seed",
    "token",
  ]) {
    expect(out).toContain(`--${option} `);
  }
});

test.each([
  [[], "fund-system"],
  [["bank"], "fund-system"],
  [["fund-system", "--port", "70000"], "--port must be a whole number from 0 to 65535"],
  [["fund-system", "--rate-504", "2"], "--rate-504 must be a rate from 0 to 1"],
  [["fund-system", "--rate-504", "0.6", "--rate-crossed", "0.5"], "together at most 1"],
  [["fund-system", "--speed", "5"], "--speed"],
])("simulate %j is refused with one sentence", async (args, named) => {
  const { code, err } = await ringfence("simulate", ...args);
  expect(code).toBe(2);
  expect(err).toMatch(/^ringfence: [^\n]+$/);
  expect(err).toContain(named);
});

test("SIGTERM prints what was paid, and ends it with code 0", async () => {
  const { url, process: child } = await simulatorProcess("--delay-ms", "0");
  await initFunds(url, new Map([[7, "14.48"]]));
  expect((await call(`${url}/pay`, '{"transactionId":"a","uid":7,"amount":4.48}')).code).toBe(200);
  let text = "";
  child.stdout?.on("data", (part) => {
    text += part;
  });
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  expect(JSON.parse(text)).toMatchObject({
    paid: "4.48",
    left: "10.00",
    calls: 1,
    uids: { 7: { paid: "4.48", left: "10.00", payments: 1, calls: 1 } },
  });
});
