/**
 * Row `render`: results as JSON text from the records of frames, a credit of 20-byte ids each. Checks that the texts parse and that
 * sequences are contiguous before it prints; the slow way (JSON.stringify of an object with the same content) stands beside it.
 */
import { Machine, viewMemory } from "../engine/index.ts";
import { NameTable, renderRecords } from "../results/index.ts";
import { CREDIT_BYTES, setCredit, writeCreditShape } from "./records.ts";

const COUNT = 1000;
const ROUNDS = 400;

const input = viewMemory(new ArrayBuffer(COUNT * CREDIT_BYTES));
for (let i = 0; i < COUNT; i++) {
  writeCreditShape(input, i * CREDIT_BYTES);
  setCredit(input.words, i * CREDIT_BYTES, i, i % 100);
}
const machine = new Machine({ horizonCommands: COUNT });
machine.beginFrame(1_790_000_000_000);
machine.applyBucket(input, 0, COUNT * CREDIT_BYTES, COUNT);
const { memory, start, end, timeMs } = machine.frame;
const names = new NameTable();
const { partner, currency } = { partner: input.words[2]!, currency: input.words[3]! & 0xffff };
names.addPartner(partner, "demo");
names.addCurrency(currency, { code: "CNY", scale: 2 });

const render = () => renderRecords(memory, start, end, 1, timeMs, names);
const objects = render().map((text) => JSON.parse(text) as { sequence: number });
if (objects.some(({ sequence }, index) => sequence !== index + 1)) throw new Error("sequences have a gap");

function medianMs(work: () => string[]): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    // Joined and counted in bytes, for a string that nobody reads may never be put together.
    if (Buffer.byteLength(work().join(",")) < COUNT) throw new Error("a page has at least a byte a result");
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

const rendered = medianMs(render);
const stringified = medianMs(() => objects.map((object) => JSON.stringify(object)));
console.log(
  `render: ${((rendered * 1e6) / COUNT).toFixed(0)} ns a result; JSON.stringify of ready objects ${((stringified * 1e6) / COUNT).toFixed(0)} ns; ratio ${(stringified / rendered).toFixed(2)}`,
);
