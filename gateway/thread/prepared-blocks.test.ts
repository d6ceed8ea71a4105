import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { mapPages, PreparedBlocks } from "./prepared-blocks.ts";

const BYTES = 1 << 20;

test("mapping the pages of a part changes no byte, in it or around it", () => {
  const block = new SharedArrayBuffer(BYTES);
  const words = new Int32Array(block);
  for (let w = 0; w < words.length; w++) words[w] = Math.imul(w, 0x9e3779b1);
  const before = words.slice();
  mapPages({ block, offset: 4096 + 112, bytes: BYTES / 2 });
  expect(Buffer.compare(Buffer.from(block), Buffer.from(before.buffer))).toBe(0);
});

test("a block that is written while another thread maps its pages keeps every write", async () => {
  const block = new SharedArrayBuffer(BYTES);
  const words = new Int32Array(block);
  const mapper = new Worker(new URL("./testing/map-again.ts", import.meta.url), { workerData: block });
  onTestFinished(async () => void (await mapper.terminate()));
  await once(mapper, "message");
  let lost = 0;
  // The words that are mapped by: one a page. Each write is read back some writes later, when a lost one would have been undone.
  for (let round = 1; round <= 4000; round++) {
    for (let w = 0; w < words.length; w += 1024) words[w] = round;
    for (let w = 0; w < words.length; w += 1024) if (words[w] !== round) lost++;
  }
  expect(lost).toBe(0);
});

test("blocks are zeroed shared memory, and what is announced reaches the port", async () => {
  const { port1, port2 } = new MessageChannel();
  const blocks = new PreparedBlocks(port1, new Float64Array(1));
  const block = blocks.make(8192);
  expect(new Uint8Array(block).every((byte) => byte === 0)).toBe(true);
  blocks.willTake(block, 112, 4096);
  const [part] = await once(port2, "message");
  expect(part).toMatchObject({ offset: 112, bytes: 4096 });
  port1.close();
});
