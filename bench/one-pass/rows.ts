/** What is measured, and how its outcome is checked to the cent. */
import { ask, call } from "./calls.ts";
import type { Party } from "./parties.ts";

export interface Parties {
  readonly fund: Party;
  readonly service: Party;
}

/** One measurement. `calls`: of the third party. */
export interface Measured {
  readonly ms: number;
  readonly calls: number;
  /** Processor time of both parties, ms. */
  readonly cpuMs: number;
}

/** Milliseconds between looks whether a batch is done. */
const LOOK_MS = 5;

let nextUid = 100_001;
let nextBatch = 1;

/** Draws new users' funds, given in cents, and checks every balance and the third party's books. */
export async function batch({ fund, service }: Parties, cents: readonly number[]): Promise<Measured> {
  const users = cents.map((one) => ({ uid: nextUid++, amount: text(one) }));
  await ask(
    `${fund.url}/initAccount`,
    `[${users.map(({ uid, amount }) => `{"uid":${uid},"amount":${amount}}`).join(",")}]`,
  );
  const uids = `[${users.map(({ uid }) => uid).join(",")}]`;
  const id = `bench-${nextBatch++}`;
  const before = fund.cpuMs() + service.cpuMs();
  const begin = performance.now();
  await ask(`${service.url}/onePass/batchPay`, `{"batchPayId":"${id}","uids":${uids}}`);
  while (!(await ask(`${service.url}/onePass/batchPay/${id}`)).includes('"state":"done"')) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const ms = performance.now() - begin;
  const cpuMs = fund.cpuMs() + service.cpuMs() - before;
  const truth = JSON.parse(await call(`${fund.url}/truth`)) as {
    readonly uids: Record<string, { readonly paid: string; readonly left: string; readonly calls: number }>;
    readonly batches: Record<string, { readonly accepted: number }>;
  };
  const balances = await ask(`${service.url}/onePass/queryUserAmount`, uids);
  let calls = 0;
  for (const { uid, amount } of users) {
    const one = truth.uids[uid];
    if (one?.paid !== amount || one.left !== "0.00") throw new Error(`user ${uid}: of ${amount} ${one?.paid} was paid`);
    if (!balances.includes(`{"uid":${uid},"amount":${amount}}`)) throw new Error(`user ${uid} has not got ${amount}`);
    calls += one.calls;
  }
  if (truth.batches[id]?.accepted !== 1) throw new Error(`batch ${id} was not finished once`);
  return { ms, calls, cpuMs };
}

const SOURCES = 99;
const TRADE_CENTS = 777;

/** 99 trades at a time, of 7.77 each, into one account; all 100 users are drawn from the third party before. */
export async function trades(parties: Parties): Promise<Measured> {
  const { fund, service } = parties;
  const first = nextUid;
  await batch(parties, Array<number>(SOURCES + 1).fill(TRADE_CENTS));
  const before = fund.cpuMs() + service.cpuMs();
  const url = `${service.url}/onePass/userTrade`;
  const begin = performance.now();
  const sent = Array.from({ length: SOURCES }, (_, i) =>
    ask(url, `{"sourceUid":${first + 1 + i},"targetUid":${first},"amount":${text(TRADE_CENTS)}}`),
  );
  await Promise.all(sent);
  const ms = performance.now() - begin;
  const cpuMs = fund.cpuMs() + service.cpuMs() - before;
  const amounts = await ask(`${service.url}/onePass/queryUserAmount`, `[${first},${first + SOURCES}]`);
  const expected = `[{"uid":${first},"amount":${text(TRADE_CENTS * (SOURCES + 1))}},{"uid":${first + SOURCES},"amount":0.00}]`;
  if (!amounts.includes(expected)) throw new Error(`after ${SOURCES} trades: ${amounts}`);
  return { ms, calls: SOURCES, cpuMs };
}

function text(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
