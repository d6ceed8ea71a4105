import { expect, test, vi } from "vitest";
import { CreditQueue } from "./credit-queue.ts";
import type { Credit, CreditReply } from "./types.ts";

const creditOf = (n: number): Credit => ({ id: `op:${n}`, account: "7", cents: n, issuedMs: 0 });
const applied = (credits: readonly Credit[]): CreditReply => ({ results: credits.map(() => ({ code: "OK" })) });

/** A queue of numbers whose buckets are answered by `answer`. */
function queueOf(answer: (ids: readonly string[], bucket: number) => CreditReply | undefined) {
  const buckets: string[][] = [];
  const results: [number, string][] = [];
  const queue = new CreditQueue<number>({
    creditOf,
    send: async (_partner, credits) => {
      const ids = credits.map(({ id }) => id);
      buckets.push(ids);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return answer(ids, buckets.length) ?? applied(credits);
    },
    onResult: (n, code) => results.push([n, code]),
    onInvalid: (n, code) => results.push([n, code]),
  });
  const settled = (count: number) => vi.waitFor(() => expect(results).toHaveLength(count), { timeout: 10_000 });
  return { queue, buckets, results, settled };
}

test("what comes while a bucket is under way is the next bucket, of at most 1000", async () => {
  const { queue, buckets, results, settled } = queueOf(() => undefined);
  for (let n = 0; n < 2501; n++) queue.add("demo", [n]);
  await settled(2501);
  expect(buckets.map((ids) => ids.length)).toEqual([1, 1000, 1000, 500]);
  expect(results).toEqual(Array.from({ length: 2501 }, (_, n) => [n, "OK"]));
});

test("a bucket whose outcome is not known is sent again as it was, before anything else", async () => {
  const { queue, buckets, settled } = queueOf((_, bucket) =>
    bucket <= 2 ? { error: bucket === 1 ? "OUTCOME_UNKNOWN" : "GROUP_DOWN" } : undefined,
  );
  queue.add("demo", [1, 2]);
  queue.add("demo", [3]);
  await settled(3);
  expect(buckets).toEqual([["op:1", "op:2"], ["op:1", "op:2"], ["op:1", "op:2"], ["op:3"]]);
});

test("a credit that the gateway does not accept holds up no other", async () => {
  const { queue, results, settled } = queueOf((ids) => (ids.includes("op:2") ? { error: "INVALID_BODY" } : undefined));
  queue.add("demo", [1, 2, 3]);
  await settled(3);
  expect(results).toEqual([
    [1, "OK"],
    [2, "INVALID_BODY"],
    [3, "OK"],
  ]);
});

test("partners do not wait for each other", async () => {
  const { queue, buckets, settled } = queueOf(() => undefined);
  queue.add("one", [1]);
  queue.add("two", [2]);
  expect(buckets).toEqual([["op:1"], ["op:2"]]);
  await settled(2);
});
