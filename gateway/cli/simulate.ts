/** `ringfence simulate`: parties outside, for trials and tests. */

import { BEHAVIOUR_DEFAULT, type Behaviour, Simulator } from "../facades/one-pass/simulator/index.ts";
import { parseArguments } from "./arguments.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const HELP = `Usage: ringfence simulate fund-system [options]

Plays the third-party fund system that One-Pass draws from, on http://127.0.0.1:9090/thirdpart/onePass: initAccount, pay,
batchPayBegin and batchPayFinish. GET …/truth tells what it paid; SIGTERM and SIGINT print that, and end it.

  --port <number>         0 to 65535; 0 lets the system choose (9090)
  --host <address>        where it listens (127.0.0.1)
  --delay-ms <number>     from a request's arrival to its answer (5)
  --jitter-ms <number>    added to the delay at random, at most (0)
  --rate-504 <rate>       calls that are answered with HTTP 504, and nothing is done (0)
  --rate-paid-504 <rate>  calls that are carried out and answered with HTTP 504 (0)
  --rate-crossed <rate>   calls that are carried out and get the answer to another request (0)
  --rate-duplicate <rate> calls that arrive a second time, a delay later (0)
  --rate-slow <rate>      calls that are answered after --slow-ms (0)
  --slow-ms <number>      (4000)
  --false-half            the first draw below 10,000.00 from each fund is answered with 200, and nothing is done
  --seed <number>         of what goes wrong when (1)
  --participant <text>    the only X-KSY-KINGSTAR-ID that is accepted (any)
  --token <text>          the X-KSY-TOKEN that is asked for (none)

Rates are from 0 to 1. What goes wrong does so with pay, batchPayBegin and batchPayFinish, never with initAccount.`;

const OPTIONS = {
  port: { type: "string", default: "9090" },
  host: { type: "string", default: "127.0.0.1" },
  "delay-ms": { type: "string" },
  "jitter-ms": { type: "string" },
  "rate-504": { type: "string" },
  "rate-paid-504": { type: "string" },
  "rate-crossed": { type: "string" },
  "rate-duplicate": { type: "string" },
  "rate-slow": { type: "string" },
  "slow-ms": { type: "string" },
  "false-half": { type: "boolean" },
  seed: { type: "string" },
  participant: { type: "string" },
  token: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const parse = (args: readonly string[]) => parseArguments("simulate", args, OPTIONS);

type Values = ReturnType<typeof parse>["values"];

function whole(
  values: Values,
  name: keyof Values,
  { max, unless }: { readonly max: number; readonly unless: number },
): number {
  const text = values[name];
  if (text === undefined) return unless;
  const number = typeof text === "string" && /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw new UsageError(`--${name} must be a whole number from 0 to ${max}, not ${JSON.stringify(text)}.`);
}

function rate(values: Values, name: keyof Values): number {
  const text = values[name];
  if (text === undefined) return 0;
  const number = typeof text === "string" && /^(0|1|0?\.[0-9]{1,9}|1\.0+)$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 1) return number;
  throw new UsageError(`--${name} must be a rate from 0 to 1, not ${JSON.stringify(text)}.`);
}

function behaviourOf(values: Values): Behaviour {
  const ms = (name: keyof Values, unless: number) => whole(values, name, { max: 600_000, unless });
  const behaviour: Behaviour = {
    seed: whole(values, "seed", { max: 2 ** 32 - 1, unless: BEHAVIOUR_DEFAULT.seed }),
    delayMs: ms("delay-ms", BEHAVIOUR_DEFAULT.delayMs),
    jitterMs: ms("jitter-ms", BEHAVIOUR_DEFAULT.jitterMs),
    slowMs: ms("slow-ms", BEHAVIOUR_DEFAULT.slowMs),
    rate504: rate(values, "rate-504"),
    ratePaid504: rate(values, "rate-paid-504"),
    rateCrossed: rate(values, "rate-crossed"),
    rateDuplicate: rate(values, "rate-duplicate"),
    rateSlow: rate(values, "rate-slow"),
    falseHalf: values["false-half"] === true,
  };
  if (behaviour.rate504 + behaviour.ratePaid504 + behaviour.rateCrossed > 1) {
    throw new UsageError("--rate-504, --rate-paid-504 and --rate-crossed are of the same calls: together at most 1.");
  }
  return behaviour;
}

/** Resolves once the simulator was told to end. */
export async function simulateCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    await terminal.out(HELP);
    return EXIT.done;
  }
  if (positionals.length !== 1 || positionals[0] !== "fund-system") {
    throw new UsageError("simulate needs to know what: fund-system; ringfence simulate --help tells more.");
  }
  const { host, participant, token } = values;
  const port = whole(values, "port", { max: 65_535, unless: 0 });
  const ended = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  const simulator = await listen({ host, port, behaviour: behaviourOf(values), participant, token });
  await terminal.out(`the fund system serves on ${simulator.url}`);
  await ended;
  await simulator.stop();
  await terminal.out(JSON.stringify(simulator.truth()));
  return EXIT.done;
}

async function listen(options: Parameters<typeof Simulator.start>[0]): Promise<Simulator> {
  try {
    return await Simulator.start(options);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`cannot listen on ${options.host}:${options.port}: ${why}.`);
  }
}
