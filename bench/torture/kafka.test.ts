import { describe, expect, it } from "vitest";
import { hasBroker } from "../../results/testing/kafka-broker.ts";
import { hasPrograms } from "../../stores/testing/index.ts";
import { kafkaTorture } from "./kafka-torture.ts";
import { DATABASE_PROGRAMS } from "./stage.ts";

const hasServers = hasBroker() && hasPrograms(DATABASE_PROGRAMS, "redis-server mariadb-server");

describe.runIf(hasServers)("kills of service, store processes and broker under load", () => {
  it("leave a topic with every result once, and stores equal to the engine", { timeout: 300_000 }, async () => {
    const { kills, faults, lost, changed, doubled, acknowledged, compared, accounts } = await kafkaTorture({
      kills: 5,
      seed: 1,
      clients: 3,
      secondsMax: 30,
      applyingMsMax: 2000,
    });
    expect(faults).toEqual([]);
    expect({ lost, changed, doubled }).toEqual({ lost: 0, changed: 0, doubled: 0 });
    for (const victim of ["service", "broker", "redis store", "sql store"] as const)
      expect(kills[victim]).toBeGreaterThan(0);
    expect(compared.map((line) => / equal after sequence \d+: \d+ accounts/.test(line))).toEqual([true, true, true]);
    expect(acknowledged).toBeGreaterThan(500);
    expect(accounts).toBeGreaterThan(40);
  });
});
