/** Real processes: the service is killed again and again while it draws, and the third party's books are the truth. */
import { expect, test } from "vitest";
import { Random } from "../../../engine/model/random.ts";
import { childServing, pause } from "../../e2e/server.ts";
import { temporaryFolder } from "../../testing.ts";
import { amountsOf, call, initFunds, simulatorProcess, truthOf, untilDone } from "./testing.ts";

const KILLS = 10;

/** Calls that the third party has seen between two kills: ten times that is well before the end. */
const CALLS_A_LIFE = 250;

/** Funds of all sizes: below a cent's halving, around a full draw, and some of many full draws. */
function funds(seed: number): Map<number, string> {
  const random = new Random(seed);
  const cents = (max: number) => 1 + random.below(max);
  const amounts = Array.from({ length: 100 }, (_, i) => {
    const amount = i % 10 === 0 ? cents(6_000_000) : i % 3 === 0 ? 999_990 + cents(20) : cents(999_999);
    return [100_001 + i, `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, "0")}`] as const;
  });
  return new Map(amounts);
}

test(`after ${KILLS} kills amid 504s, lost answers and crossed replies every cent that was paid is credited, and none twice`, {
  timeout: 180_000,
}, async () => {
  const faults = "--rate-504 0.2 --rate-paid-504 0.1 --rate-crossed 0.05 --rate-duplicate 0.05";
  const { url: fund } = await simulatorProcess(
    ...`--delay-ms 3 --jitter-ms 4 ${faults} --false-half --seed 7`.split(" "),
  );
  const amounts = funds(11);
  await initFunds(fund, amounts);
  const data = temporaryFolder();
  const settings = { ONEPASS_PARTNER: "demo", ONEPASS_FUND_URL: fund, ONEPASS_RATE: "off" };
  let service = await childServing(settings, data);
  const uids = [...amounts.keys()];
  expect((await call(`${service.url}/onePass/batchPay`, { batchPayId: "b1", uids })).code).toBe(200);
  for (let kill = 1; kill <= KILLS; kill++) {
    const { calls } = await truthOf(fund);
    while ((await truthOf(fund)).calls < calls + CALLS_A_LIFE) await pause(5);
    service.process.kill("SIGKILL");
    await service.ended;
    // The kill was in the middle: nothing has been finished.
    expect((await truthOf(fund)).batches).toEqual({});
    service = await childServing(settings, data);
  }
  const { data: progress } = await untilDone(service.url, "b1");
  const truth = await truthOf(fund);
  const paid = new Map(Object.entries(truth.uids).map(([uid, one]) => [Number(uid), one.paid]));
  expect(paid).toEqual(amounts);
  expect(await amountsOf(service.url, uids)).toEqual(amounts);
  expect(truth.left).toBe("0.00");
  expect(truth.batches.b1).toMatchObject({ accepted: 1, left: "0.00" });
  expect(progress).toMatchObject({ uidsDone: 100, unknown: [], blocked: [], credited: Number(truth.paid) });
  for (const count of Object.values(truth.faults)) expect(count).toBeGreaterThan(20);
});
