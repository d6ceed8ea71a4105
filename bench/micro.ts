/** Entry of the micro-benchmarks: `node bench/micro.ts [row…]`. */
import { describeMachine } from "./machine.ts";
import { ROWS, rowById } from "./micro/rows.ts";
import { SIZES_HELP } from "./micro/sizes.ts";
import { spawnRow } from "./micro/spawn.ts";
import { CheckError, type Figure, type Row } from "./micro/types.ts";
import { median } from "./statistics.ts";

const HELP = `Measures parts by themselves; each row checks its own result before it is shown.

  make benchmark-micro [NAME=value …]      node bench/micro.ts [row …]

${ROWS.map(({ id, title }) => `${id.padEnd(16)}${title}`).join("\n")}

${SIZES_HELP}

Exits 1 when a check fails or a row is not known.`;

function lineOf({ what, unit, values }: Figure): string {
  const show = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(2)).padStart(9);
  const columns = [median(values), Math.min(...values), Math.max(...values)].map(show).join("");
  return `  ${columns}  ${unit.padEnd(16)}${what}${values.length > 1 ? ` (${values.length} rounds)` : ""}`;
}

async function main(rows: readonly Row[]): Promise<number> {
  process.stdout.write(
    `${describeMachine().join("\n")}\n\n  ${["median", "min", "max"].map((name) => name.padStart(9)).join("")}\n`,
  );
  let failed = 0;
  for (const row of rows) {
    process.stdout.write(`${row.id}: ${row.title}\n`);
    try {
      const figures = await spawnRow(row.id, process.env);
      process.stdout.write(`${figures.map(lineOf).join("\n")}\n  excluded: ${row.excluded}\n`);
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      failed++;
      process.stdout.write(`  CHECK FAILED, no figure is shown: ${error.message}\n`);
    }
  }
  return failed === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
const unknown = args.filter((id) => !id.startsWith("-") && rowById(id) === undefined);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(`${HELP}\n`);
} else if (unknown.length > 0 || args.some((arg) => arg.startsWith("-"))) {
  process.stderr.write(`micro: there is no ${unknown.join(", ") || "such option"}; see --help\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await main(args.length === 0 ? ROWS : args.map((id) => rowById(id)!));
}
