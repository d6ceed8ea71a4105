/**
 * `make benchmark-one-pass`: One-Pass against the simulator at a fixed delay, without faults. The clock runs from batchPay to the third
 * party's yes to batchPayFinish, all three processes on this machine; every sum is checked before a figure is printed.
 */
import { integer, SettingError, withFolder } from "./environment.ts";
import { describeMachine } from "./machine.ts";
import { endCalls } from "./one-pass/calls.ts";
import { startFundSystem, startService } from "./one-pass/parties.ts";
import { batch, type Measured, type Parties, trades } from "./one-pass/rows.ts";

const HELP = `Measures One-Pass against the third party's simulator: draws of large and small funds, and transfers.

ROUNDS    times that each is measured, the one of 1,000,000,000 once (3)
DELAY_MS  the third party's delay (5)
SHARE     the large funds are divided by it, for a look whether all runs; then goals are not judged (1)
DATA      folder for the data, on a disk (bench/out)`;

/** Amounts without a pattern, from 0.01 to 9,999.99. */
const SMALL = Array.from({ length: 100 }, (_, i) => 1 + ((Math.imul(i + 1, 0x9e3779b1) >>> 0) % 999_999));

interface Row {
  readonly name: string;
  /** Theirs, and the goal. */
  readonly theirs: string;
  readonly goalMs: number;
  readonly rounds: number;
  measure(parties: Parties): Promise<Measured>;
}

function rowsOf({ rounds, share }: { readonly rounds: number; readonly share: number }): readonly Row[] {
  const of = (cents: number) => Math.floor(cents / share);
  return [
    {
      name: "one fund of 100,000,000.53",
      theirs: "4.4 s",
      goalMs: 2500,
      rounds,
      measure: (parties) => batch(parties, [of(10_000_000_053)]),
    },
    {
      name: "one fund of 1,000,000,000.00",
      theirs: "50 s",
      goalMs: 25_000,
      rounds: 1,
      measure: (parties) => batch(parties, [of(100_000_000_000)]),
    },
    { name: "100 small funds", theirs: "1.2 s", goalMs: 1200, rounds, measure: (parties) => batch(parties, SMALL) },
    { name: "99 transfers into one account", theirs: "24 ms", goalMs: 24, rounds: 3 * rounds, measure: trades },
  ];
}

/** Brings compilers and connections to where they stay, untimed: a fund of 10,000,000.00, and transfers. */
async function warmUp(parties: Parties, share: number): Promise<void> {
  await batch(parties, [Math.floor(1_000_000_000 / share)]);
  for (let i = 0; i < 3; i++) await trades(parties);
}

function line({ name, theirs, goalMs }: Row, measured: readonly Measured[], share: number): string {
  const byTime = measured.toSorted((a, b) => a.ms - b.ms);
  const { ms, calls, cpuMs } = byTime[Math.floor(byTime.length / 2)]!;
  const [low, high] = [byTime[0]!.ms, byTime.at(-1)!.ms];
  const range = measured.length === 1 ? "once" : `${low.toFixed(0)} to ${high.toFixed(0)}, ${measured.length} times`;
  const each = `${calls} calls, ${Math.round((cpuMs * 1000) / calls)} µs of processor each`;
  const verdict = share > 1 ? `(funds divided by ${share})` : ms <= goalMs ? "met" : "missed";
  return `${name.padEnd(30)}${ms.toFixed(0).padStart(7)} ms  goal ${goalMs} ${verdict}, theirs ${theirs}  (${range}; ${each})`;
}

async function main(): Promise<void> {
  const rounds = integer(process.env, "ROUNDS", { unless: 3, min: 1, max: 100 });
  const delayMs = integer(process.env, "DELAY_MS", { unless: 5, min: 0, max: 10_000 });
  const share = integer(process.env, "SHARE", { unless: 1, min: 1, max: 1_000_000 });
  await withFolder(process.env, async (folder) => {
    const fund = await startFundSystem(delayMs);
    const service = await startService(`${folder}/data`, fund.url);
    try {
      for (const text of describeMachine()) console.log(text);
      console.log(`Delay      ${delayMs} ms; client, service and third party on this machine\n`);
      await warmUp({ fund, service }, share);
      for (const row of rowsOf({ rounds, share })) {
        const measured: Measured[] = [];
        for (let round = 0; round < row.rounds; round++) measured.push(await row.measure({ fund, service }));
        console.log(line(row, measured, share));
      }
    } finally {
      endCalls();
      await service.stop();
      await fund.stop();
    }
  });
}

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  console.log(HELP);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    await main();
  } catch (error) {
    const text = error instanceof SettingError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`benchmark: ${text}\n`);
    process.exitCode = 1;
  }
}
