/** Helpers of One-Pass's tests: the third party as a process or in this one, and callers of both sides. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { BEHAVIOUR_DEFAULT, type Behaviour, type FullTruth, Simulator } from "./simulator/index.ts";

const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** An envelope with its HTTP status. */
export interface Answer {
  readonly status: number;
  readonly code: number;
  readonly msg: string;
  readonly requestId: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what the call gives, and fails where it is something else.
  readonly data: any;
  /** The body as it came. */
  readonly text: string;
  readonly headers: Headers;
}

let made = 0;

/** Posts a body (GET without one) and parses the envelope. `requestId` null sends none. */
export async function call(
  url: string,
  body?: unknown,
  { requestId = `test-${made++}`, headers = {} }: { requestId?: string | null; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "x-ksy-kingstar-id": "tester",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(requestId === null ? {} : { "x-ksy-request-id": requestId }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { ...JSON.parse(text), status: response.status, text, headers: response.headers };
}

/** Registers funds, `amounts` by uid, in calls of 500. */
export async function initFunds(fund: string, amounts: ReadonlyMap<number, string>): Promise<void> {
  const users = [...amounts].map(([uid, amount]) => `{"uid":${uid},"amount":${amount}}`);
  for (let at = 0; at < users.length; at += 500) {
    const { code, msg } = await call(`${fund}/initAccount`, `[${users.slice(at, at + 500).join(",")}]`);
    if (code !== 200) throw new Error(`initAccount: ${msg}`);
  }
}

export async function truthOf(fund: string): Promise<FullTruth> {
  const response = await fetch(`${fund}/truth`);
  return (await response.json()) as FullTruth;
}

/** A third party in this process, ended after the running test. */
export async function simulator(behaviour: Partial<Behaviour> = {}, more: { token?: string } = {}): Promise<Simulator> {
  const started = await Simulator.start({
    host: "127.0.0.1",
    port: 0,
    behaviour: { ...BEHAVIOUR_DEFAULT, delayMs: 1, ...behaviour },
    participant: undefined,
    token: more.token,
  });
  onTestFinished(() => started.stop());
  return started;
}

/** `ringfence simulate fund-system` as a process, killed after the running test. */
export async function simulatorProcess(
  ...args: string[]
): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, [CLI, "simulate", "fund-system", "--port", "0", ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "close").then(() => Promise.reject(new Error("the simulator ended")));
  let text = "";
  while (!text.includes("\n")) {
    const [part] = await Promise.race([once(child.stdout, "data"), ended]);
    text += part;
  }
  ended.catch(() => {});
  return { url: text.trim().split(" ").at(-1)!, process: child };
}

/** Polls a batch until it is done. Throws after a minute. */
export async function untilDone(url: string, batchPayId: string): Promise<Answer> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    const answer = await call(`${url}/onePass/batchPay/${batchPayId}`);
    if (answer.data?.state === "done") return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`batch ${batchPayId} is not done in time`);
}

/** Amounts by uid, as `queryUserAmount` writes them. */
export async function amountsOf(url: string, uids: readonly number[]): Promise<Map<number, string>> {
  const amounts = new Map<number, string>();
  for (let at = 0; at < uids.length; at += 1000) {
    const { text } = await call(`${url}/onePass/queryUserAmount`, uids.slice(at, at + 1000));
    for (const [, uid, amount] of text.matchAll(/\{"uid":([0-9]+),"amount":([0-9.]+)\}/g))
      amounts.set(Number(uid), amount!);
  }
  return amounts;
}
