import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import kafkajs from "kafkajs";
import { expect, test } from "vitest";
import { COMPRESSION, useFastGzip } from "./compression.ts";
import { SEND_BYTES_MAX } from "./limits.ts";

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** What a broker takes as one batch unless configured, and the batch's header. */
const BATCH_BYTES_MAX = 1_048_588;
const BATCH_HEADER_BYTES = 61;

const codec = (): Codec => kafkajs.CompressionCodecs[COMPRESSION]() as Codec;

test("what is compressed is plain gzip, and kafkajs's own codec reads it", async () => {
  const text = Buffer.from(JSON.stringify(Array.from({ length: 5000 }, (_, sequence) => ({ sequence, memo: "für" }))));
  useFastGzip();
  const packed = await codec().compress({ buffer: text });
  expect(packed.length).toBeLessThan(text.length / 4);
  expect(gunzipSync(packed).equals(text)).toBe(true);
  const original = createRequire(import.meta.url)("kafkajs/src/protocol/message/compression/gzip") as Codec;
  expect((await original.decompress(packed)).equals(text)).toBe(true);
  expect((await codec().decompress(await original.compress({ buffer: text }))).equals(text)).toBe(true);
});

test("a send that cannot be compressed is still a batch that a broker takes", async () => {
  useFastGzip();
  const packed = await codec().compress({ buffer: randomBytes(SEND_BYTES_MAX) });
  expect(packed.length + BATCH_HEADER_BYTES).toBeLessThan(BATCH_BYTES_MAX);
});
