import { expect, test } from "vitest";
import { torture } from "./torture.ts";

test("four kills under load lose nothing that was acknowledged and do nothing twice", async () => {
  const { faults, lost, changed, doubled, kills, acknowledged } = await torture({
    kills: 4,
    seed: 3,
    clients: 4,
    secondsMax: 25,
  });
  expect(faults).toEqual([]);
  expect({ lost, changed, doubled }).toEqual({ lost: 0, changed: 0, doubled: 0 });
  expect(kills).toBeGreaterThan(1);
  expect(acknowledged).toBeGreaterThan(50);
});
