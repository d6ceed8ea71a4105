/** Kills a service under load again and again, and shows that nothing acknowledged is lost and nothing is done twice. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../engine/model/random.ts";
import { type Audit, auditJournal, auditService } from "./audit.ts";
import { Client } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import { Server } from "./server.ts";

export interface TortureOptions {
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  /** Ends early, with the kills done so far, after so many seconds. */
  readonly secondsMax: number;
  readonly onProgress?: (line: string) => void;
}

export interface TortureResult extends Audit {
  readonly kills: number;
  /** Kills before the service served: in recovery or earlier. */
  readonly killedEarly: number;
  readonly acknowledged: number;
  readonly buckets: number;
  readonly resent: number;
  readonly repeats: number;
  readonly unknown: number;
  /** What is wrong; empty when every promise was kept. */
  readonly faults: readonly string[];
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Runs a torture on a temporary folder, which is kept only when something is wrong. */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const data = mkdtempSync(join(tmpdir(), "ringfence-torture-"));
  const server = new Server(data);
  const ledger = new Ledger();
  try {
    const kills = await killAndRestart(options, server, ledger);
    const audit = await auditService(server, ledger);
    const code = await server.stop();
    if (code !== 0) ledger.faults.push(`the service exits with ${code} after SIGTERM`);
    auditJournal(data, audit, ledger);
    const { buckets, resent, repeats, unknown, faults } = ledger;
    const acknowledged = ledger.acknowledged.size;
    const counts = { kills, killedEarly: server.killedEarly, acknowledged, buckets, resent, repeats, unknown };
    if (faults.length === 0) rmSync(data, { recursive: true });
    else options.onProgress?.(`the data folder is kept: ${data}`);
    return { ...audit, ...counts, faults };
  } finally {
    await server.kill();
  }
}

async function killAndRestart(options: TortureOptions, server: Server, ledger: Ledger): Promise<number> {
  const { clients, seed, onProgress } = options;
  const random = new Random(seed);
  const end = performance.now() + options.secondsMax * 1000;
  await server.start();
  let isOver = false;
  const running = Array.from({ length: clients }, (_, i) => new Client(i, seed, server, ledger).run(() => isOver));
  let kills = 0;
  try {
    while (kills < options.kills && performance.now() < end) {
      await pause(random.between(5, 900));
      await server.kill();
      kills++;
      // Every third restart is killed as well, at a moment before or shortly after it serves.
      while (kills < options.kills && random.chance(0.33)) {
        const isServing = await server.start(random.between(150, 700));
        if (isServing) await server.kill();
        kills++;
      }
      await server.start();
      const state = ledger.faults.length === 0 ? "nothing wrong" : `${ledger.faults.length} faults`;
      onProgress?.(`kills ${kills}, acknowledged ${ledger.acknowledged.size}, resent ${ledger.resent}, ${state}`);
    }
    // A last stretch without a kill, in which all that is unknown is sent again.
    await pause(300);
  } finally {
    isOver = true;
    await Promise.all(running);
  }
  return kills;
}
