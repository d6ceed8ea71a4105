/** Chooses by seed what is killed next, kills it with SIGKILL, and has it started again while the torture goes on. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../engine/model/random.ts";
import type { Stage } from "./stage.ts";

/** How often each is killed, by weight. */
const WEIGHTS = { service: 42, "redis store": 22, "sql store": 22, broker: 10, redis: 2, mariadb: 2 } as const;

export type Victim = keyof typeof WEIGHTS;

/** Killed first, in an order of the seed, so that a short torture has them all. */
const EACH: readonly Victim[] = ["service", "redis store", "broker", "sql store"];

/** Pause between two kills, ms. */
const PAUSE_MS = [100, 1500] as const;

export class Victims {
  readonly tally: Record<Victim, number> = Object.fromEntries(Object.keys(WEIGHTS).map((name) => [name, 0])) as Record<
    Victim,
    number
  >;
  killedApplying = 0;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #first: Victim[];
  /** Starts under way. */
  readonly #starting = new Map<Victim, Promise<unknown>>();

  /** How long a kill of a store process waits for it to have applied something, ms. */
  readonly #applyingMsMax: number;

  constructor(stage: Stage, random: Random, applyingMsMax: number) {
    this.#stage = stage;
    this.#applyingMsMax = applyingMsMax;
    this.#random = random;
    const rest = [...EACH];
    this.#first = EACH.map(() => rest.splice(random.below(rest.length), 1)[0]!);
  }

  get count(): number {
    return Object.values(this.tally).reduce((sum, one) => sum + one, 0);
  }

  text(): string {
    return Object.entries(this.tally)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  }

  async killNext(): Promise<void> {
    const random = this.#random;
    const victim = this.#first.shift() ?? random.weighted(WEIGHTS);
    // Drawn before anything is waited for: the schedule is the seed's.
    const pauseMs = random.between(...PAUSE_MS);
    const waitsForWork = random.chance(0.7);
    const earlyMs = random.chance(0.25) ? random.between(150, 900) : undefined;
    await sleep(pauseMs);
    await this.#starting.get(victim);
    await this.#kill(victim, { waitsForWork, earlyMs });
  }

  /** Resolves once all that was killed runs again. */
  async settled(): Promise<void> {
    await Promise.all(this.#starting.values());
  }

  async #kill(victim: Victim, { waitsForWork, earlyMs }: { waitsForWork: boolean; earlyMs: number | undefined }) {
    const { server, processes, broker, redis, mariaDb } = this.#stage;
    switch (victim) {
      case "service": {
        await server.kill();
        this.tally.service++;
        if (earlyMs !== undefined) {
          // Again, before it serves or shortly after: in its recovery, or while the publisher looks for its place.
          await server.start(earlyMs);
          await server.kill();
          this.tally.service++;
        }
        await server.start();
        return;
      }
      case "redis store":
      case "sql store": {
        const kind = victim === "redis store" ? "redis" : "sql";
        if (waitsForWork) await this.#applying(kind);
        await processes[kind].kill();
        this.tally[victim]++;
        processes[kind].start();
        return;
      }
      case "broker":
        await broker.kill("SIGKILL");
        this.tally.broker++;
        this.#starting.set(victim, broker.start());
        return;
      case "redis":
      case "mariadb": {
        const database = victim === "redis" ? redis : mariaDb;
        await database.kill();
        this.tally[victim]++;
        this.#starting.set(victim, database.start());
      }
    }
  }

  /** Waits until the store's process has applied something, so that most kills do not only hit one that joins its consumer group. */
  async #applying(kind: "redis" | "sql"): Promise<void> {
    const store = this.#stage.stores[kind];
    const watermark = async () => (await store.watermark("g0").catch(() => undefined))?.sequence;
    const before = await watermark();
    for (const end = performance.now() + this.#applyingMsMax; performance.now() < end; ) {
      const now = await watermark();
      if (before !== undefined && now !== undefined && now > before) {
        this.killedApplying++;
        return;
      }
      await sleep(20);
    }
  }
}
