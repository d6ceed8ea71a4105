/** Entry of `make benchmark-overload`. */
import { type Environment, integer, SettingError, withFolder } from "./environment.ts";
import { describeMachine } from "./machine.ts";
import { measureOverload, type OverloadOutcome, type OverloadSettings } from "./overload/overload.ts";

const HELP = `Measures what a service does by the closed loop, then offers a multiple of it by the open loop, and prints what is left.

  make benchmark-overload [NAME=value …]      node bench/overload.ts

DURATION     seconds of each load; 6
FACTOR       what is offered, in capacities; 2
BUCKET       commands a request; 20
CONNECTIONS  connections of the closed loop; 64
OPEN         connections of the open loop; 2048
WINDOW       requests without an answer on one of those at most, above 1 pipelined; 1, as common clients do
ACCOUNTS     accounts that the commands are spread over; 1000
DATA         folder on a disk in which the fresh data folder is made; bench/out

Exits 1 when a check fails: an acknowledged command that is not in the journal, an answer other than 202, 429 or 503, a
request that is never answered. With WINDOW above 1 the bound on requests under way is reached, and its refusals cost nearly
as much as what they refuse. The generator runs on the same machine, and takes more of it in overload than before.`;

function readSettings(environment: Environment): OverloadSettings {
  const read = (name: string, unless: number, max: number) => integer(environment, name, { unless, min: 1, max });
  return {
    seconds: read("DURATION", 6, 600),
    factor: read("FACTOR", 2, 100),
    bucket: read("BUCKET", 20, 10_000),
    closed: read("CONNECTIONS", 64, 9999),
    open: read("OPEN", 2048, 9999),
    window: read("WINDOW", 1, 10_000),
    accounts: read("ACCOUNTS", 1000, 9_999_999),
  };
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

function report(settings: OverloadSettings, outcome: OverloadOutcome): string[] {
  const { capacity, offered, overload, ratio, cpuUs, looks, checked, faults } = outcome;
  const { sent, notSent, statuses, goodput } = overload;
  const memory = looks.map(({ residentBytes }) => residentBytes);
  const answers = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${whole(count)}`);
  return [
    ...describeMachine(),
    `Capacity   ${whole(capacity)} requests/s of ${settings.bucket} commands, closed loop, ${settings.closed} connections`,
    `Offered    ${whole(offered)} requests/s, open loop, ${settings.open} connections, ${settings.window} under way on each at most`,
    `Sent       ${whole(sent)}, and ${whole(notSent)} not, for the bound was reached`,
    `Answers    ${answers.join(", ")}`,
    `Goodput    ${whole(goodput)} requests/s answered 202 while offering, ${ratio.toFixed(2)} of capacity`,
    `Processor  ${whole(cpuUs.capacity)} µs of the service a request answered 202 at capacity, ${whole(cpuUs.overload)} µs in overload`,
    `Memory     ${mib(memory[0]!)} resident before, ${mib(Math.max(...memory))} at most, ${mib(memory.at(-1)!)} at the end, with ${whole(looks.at(-1)!.remembered - looks[0]!.remembered)} more ids remembered`,
    `Metrics    answered in ${Math.round(Math.max(...looks.map(({ tookMs }) => tookMs)))} ms at most meanwhile`,
    ...checked.map((what) => `Checked    ${what}`),
    ...faults.map((fault) => `FAULT      ${fault}`),
  ];
}

async function main(): Promise<number> {
  const settings = readSettings(process.env);
  const outcome = await withFolder(process.env, (folder) => measureOverload(settings, folder));
  process.stdout.write(`${report(settings, outcome).join("\n")}\n`);
  return outcome.faults.length === 0 ? 0 : 1;
}

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  process.stdout.write(`${HELP}\n`);
} else {
  // An interrupt ends by way of `exit`, whose listeners stop the service and remove the data folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof SettingError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`benchmark-overload: ${text}\n`);
    process.exitCode = 1;
  }
}
