/** One array over several groups: into all of them, or into none. */
import { expect, test } from "vitest";
import { mainOf, order, other, SUCCESS, trial } from "./orders.ts";
import { pause } from "./server.ts";
import { BUG, FAILING_SYNC, NO_ROOM, ROOM_AGAIN, runInGroup, stallGroup } from "./threads.ts";

test("with one group down an array that concerns it takes nothing in the other, and all once it serves again", async () => {
  const { service, test, test1, group, until } = await trial();
  await service.send([order(1), other(1)]);
  const before = await group("g0");
  await runInGroup("g1", BUG);
  await until("g1", "down");
  const { status, envelope, headers } = await service.send([order(2), other(2)]);
  expect([status, envelope.HttpCode, headers.get("retry-after")]).toEqual([503, 503, "1"]);
  expect(envelope.ErrorDetail.ErrorList).toMatch(/^GROUP_DOWN: /);
  expect(envelope.Message).toBe("request balance error, nothing was taken");
  expect((await service.send([order(3)])).text).toBe(SUCCESS);
  expect((await group("g0")).sequence).toBe(before.sequence + 1);
  await until("g1", "serving");
  expect((await service.send([order(2), other(2)])).text).toBe(SUCCESS);
  expect([await mainOf(test), await mainOf(test1)]).toEqual([
    ["9999999994000.00", "6000.00"],
    ["9999999996000.00", "4000.00"],
  ]);
});

test("an array is answered only when every group has it on disk", async () => {
  const { service, test, test1 } = await trial();
  await service.send([order(1), other(1)]);
  const release = await stallGroup("g1");
  const answer = service.send([order(2), other(2)]);
  while ((await mainOf(test))[1] !== "4000.00") await pause(10);
  expect(await Promise.race([answer, pause(200)])).toBeUndefined();
  release();
  expect((await answer).text).toBe(SUCCESS);
  expect(await mainOf(test1)).toEqual(["9999999996000.00", "4000.00"]);
});

test("with one group failing under way the outcome is unknown, and the same array sent again makes it whole", async () => {
  const { service, test, test1, until } = await trial();
  await service.send([order(1), other(1)]);
  await runInGroup("g1", FAILING_SYNC);
  const { status, envelope, headers } = await service.send([order(2), other(2)]);
  expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
  expect(envelope.ErrorDetail.ErrorList).toMatch(/^OUTCOME_UNKNOWN: /);
  expect(envelope.Message).toBe("request balance outcome is unknown, please send the same orders again");
  await until("g1", "serving");
  expect((await service.send([order(2), other(2)])).text).toBe(SUCCESS);
  for (const client of [test, test1]) expect(await mainOf(client)).toEqual(["9999999996000.00", "4000.00"]);
});

test("with the disk of one group full the outcome is unknown where the other took its orders, and refused where none did", async () => {
  const { service, test, admin } = await trial();
  await service.send([order(1), other(1)]);
  await runInGroup("g1", NO_ROOM);
  const fill = (n: number) =>
    Array.from({ length: 10_000 }, (_, i) => other(1_000_000 + n * 10_000 + i, { AmountRequest: 1 }));
  let alone = await service.send(fill(0));
  for (let n = 1; alone.status === 200 && n < 40; n++) alone = await service.send(fill(n));
  expect([alone.status, alone.envelope.ErrorDetail.ErrorList.slice(0, 10)]).toEqual([503, "DISK_FULL:"]);
  const both = await service.send([order(2), other(2)]);
  expect([both.status, both.envelope.ErrorDetail.ErrorList.slice(0, 16)]).toEqual([503, "OUTCOME_UNKNOWN:"]);
  expect((await mainOf(test))[1]).toBe("4000.00");
  await runInGroup("g1", ROOM_AGAIN);
  let again = await service.send([order(2), other(2)]);
  for (let i = 0; again.status === 503 && i < 100; i++) {
    await pause(20);
    again = await service.send([order(2), other(2)]);
  }
  expect(again.text).toBe(SUCCESS);
  expect((await mainOf(test))[1]).toBe("4000.00");
  const verified = await admin.send("POST", "/v1/admin/groups/g1/verify");
  expect(verified.body).toMatchObject({ ok: true });
});

test("with one group's ring full an array is refused, and its other group takes nothing of it", async () => {
  const { service, test, test1 } = await trial();
  const release = await stallGroup("g1");
  const memo = "m".repeat(128);
  const fillers = Array.from({ length: 12 }, (_, n) =>
    test1.post(
      Array.from({ length: 9000 }, (_, i) => ({ id: `f${n}-${i}`, type: "freeze", account: "x", memo })),
      { prefer: null },
    ),
  );
  await Promise.race(fillers);
  let refused = 0;
  const arrays = Array.from({ length: 12 }, async (_, n) => {
    const orders = Array.from({ length: 9999 }, (_, i) => other(n * 10_000 + i, { AmountRequest: 1 }));
    const { status, envelope, headers } = await service.send([order(n), ...orders]);
    const code = status === 200 ? "taken" : envelope.ErrorDetail.ErrorList.replace(/:.*/, "");
    if (code === "OVERLOADED") {
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      refused++;
    }
    return code;
  });
  while (refused < 5) await pause(20);
  release();
  const codes = await Promise.all(arrays);
  await Promise.all(fillers);
  // What waited too long was taken by the ring, so it is there as well.
  expect(codes.filter((code) => !["taken", "OUTCOME_UNKNOWN", "OVERLOADED"].includes(code))).toEqual([]);
  const taken = codes.filter((code) => code !== "OVERLOADED").length;
  expect((await mainOf(test))[1]).toBe(`${2000 * taken}.00`);
  expect((await mainOf(test1))[1]).toBe((taken * 99.99).toFixed(2));
});
