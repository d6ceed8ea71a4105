/**
 * Rows `apply` and `apply-hot`: the state machine alone, with encoding, in frames of 1,000 commands (50 buckets of 20), every id
 * new, the id horizon full. Checks counts and the trial balance before it prints. Arguments: accounts, commands, horizon.
 */
import { Machine, viewMemory } from "../engine/index.ts";
import { CREDIT_BYTES, Random, setCredit, writeCreditShape } from "./records.ts";

const [accounts = 1_000_000, commands = 8_000_000, horizon = 2_000_000] = process.argv.slice(2).map(Number);
const BUCKETS = 50;
const BUCKET = 20;
const PER_FRAME = BUCKETS * BUCKET;

const machine = new Machine({ horizonCommands: horizon, seed: 7 });
const input = viewMemory(new ArrayBuffer(PER_FRAME * CREDIT_BYTES));
for (let i = 0; i < PER_FRAME; i++) writeCreditShape(input, i * CREDIT_BYTES);
const random = new Random(42);
let id = 0;
let timeMs = 1_700_000_000_000;
let bytes = 0;

function frame(pick: (i: number) => number): number {
  for (let i = 0; i < PER_FRAME; i++) setCredit(input.words, i * CREDIT_BYTES, id++, pick(i));
  const begin = performance.now();
  machine.beginFrame(timeMs++);
  for (let b = 0; b < BUCKETS; b++) {
    const at = b * BUCKET * CREDIT_BYTES;
    machine.applyBucket(input, at, at + BUCKET * CREDIT_BYTES, BUCKET);
  }
  const spent = performance.now() - begin;
  bytes += machine.frame.end - machine.frame.start;
  return spent;
}

let next = 0;
for (let i = 0; i < Math.max(accounts, horizon + 100_000); i += PER_FRAME) frame(() => next++ % accounts);
bytes = 0;
const rounds = 5;
const rates: number[] = [];
for (let r = 0; r < rounds; r++) {
  let spent = 0;
  for (let i = 0; i < commands / rounds; i += PER_FRAME) spent += frame(() => random.below(accounts));
  rates.push(commands / rounds / spent / 1000);
}
rates.sort((a, b) => a - b);
console.log(
  `accounts ${accounts} horizon ${horizon}: ${rates[rounds >> 1]!.toFixed(2)} M/s (min ${rates[0]!.toFixed(2)}, max ${rates.at(-1)!.toFixed(2)}), ${bytes / commands} bytes a command, rss ${(process.memoryUsage().rss / 1e6) | 0} MB`,
);
