/**
 * Row `publish`: results a second into a real Kafka broker on this machine, from a backlog that is in the journal before the clock
 * starts. The first fifth warms up broker and publisher; the clock runs from there to the last acknowledgement. Broker, publisher and
 * this process share the processors. `node bench/publish.ts [commands] [commands a frame]`. Reads the topic's end before it prints.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Kafka, logLevel } from "kafkajs";
import { encodeCommand, Machine, viewMemory } from "../engine/index.ts";
import { FRAME_HEADER_BYTES, frameExtent, Journal } from "../journal/index.ts";
import { Publisher } from "../results/index.ts";
import { CREDIT_BYTES, Random, setCredit, writeCreditShape } from "./records.ts";

const [commands = 1_500_000, perFrame = 2000] = process.argv.slice(2).map(Number);
const ACCOUNTS = 100_000;
/** Not the one of `make kafka`, which may be running. */
const BROKER_PORT = 19_392;

/** Fills the journal; returns its last sequence. */
function fill(directory: string): number {
  const journal = Journal.open({ directory, group: "g0", segmentBytes: 64 << 20 }, undefined, () => {});
  const machine = new Machine({ horizonCommands: commands });
  const input = viewMemory(new ArrayBuffer(perFrame * CREDIT_BYTES));
  for (let i = 0; i < perFrame; i++) writeCreditShape(input, i * CREDIT_BYTES);
  const names = viewMemory(new ArrayBuffer(4096));
  const [partner, currency] = [input.words[2]!, input.words[3]! & 0xffff];
  let end = encodeCommand({ type: "definePartner", partner, id: "demo" }, names.bytes, 0);
  end += encodeCommand({ type: "defineCurrency", currency, id: "CNY", scale: 2 }, names.bytes, end);
  const random = new Random(7);
  for (let done = 0; done < commands; done += perFrame) {
    machine.beginFrame(1_790_000_000_000 + done / 100);
    if (done === 0) machine.applyBucket(names, 0, end, 2);
    for (let i = 0; i < perFrame; i++) setCredit(input.words, i * CREDIT_BYTES, done + i, random.below(ACCOUNTS));
    machine.applyBucket(input, 0, perFrame * CREDIT_BYTES, perFrame);
    append(journal, machine);
  }
  const last = journal.nextSequence - 1;
  journal.close();
  return last;
}

function append(journal: Journal, { frame }: Machine): void {
  const bodyBytes = frame.end - frame.start;
  const bytes = new Uint8Array(frameExtent(bodyBytes));
  bytes.set(frame.bytes.subarray(frame.start, frame.end), FRAME_HEADER_BYTES);
  const { firstSequence, count, records, timeMs } = frame;
  journal.append(bytes, { epoch: 1, firstSequence, count, records, timeMs, bodyBytes });
}

async function endOf(brokers: string, topic: string): Promise<bigint> {
  const admin = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return BigInt(offsets[0]!.high);
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** The broker at RINGFENCE_KAFKA, or one made for this run. */
async function startBroker(): Promise<{ address: string; stop: () => Promise<void> }> {
  const { RINGFENCE_KAFKA } = process.env;
  if (RINGFENCE_KAFKA !== undefined) return { address: RINGFENCE_KAFKA, stop: () => Promise.resolve() };
  const data = mkdtempSync(join(tmpdir(), "ringfence-kafka-"));
  const script = fileURLToPath(new URL("../deploy/kafka/kafka.sh", import.meta.url));
  const env = { ...process.env, KAFKA_PORT: String(BROKER_PORT), KAFKA_DATA: data };
  const child = spawn(script, { env, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => String(text).includes("is ready") && resolve());
    child.on("exit", (code) => reject(new Error(`the broker ended with code ${code}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
    rmSync(data, { recursive: true, force: true });
  };
  return { address: `127.0.0.1:${BROKER_PORT}`, stop };
}

const directory = mkdtempSync(join(tmpdir(), "ringfence-publish-"));
const durable = fill(directory);
const broker = await startBroker();
try {
  const topic = `bench.${process.pid}.${Date.now()}`;
  const show = (fields: object, text: string) => process.stderr.write(`${text} ${JSON.stringify(fields)}\n`);
  const log = { info: () => {}, warn: show, error: show };
  const groups = [{ name: "g0", index: 0, directory }];
  const publisher = new Publisher({ brokers: broker.address.split(","), topic, groups, log });
  publisher.start();
  publisher.advance("g0", durable);
  const published = () => publisher.stats("g0").published;
  await until(() => published() >= durable / 5);
  const [from, begin] = [published(), performance.now()];
  await until(() => published() === durable);
  const seconds = (performance.now() - begin) / 1000;
  const { records, errors } = publisher.stats("g0");
  await publisher.stop();
  if (errors !== 0 || (await endOf(broker.address, topic)) !== BigInt(records))
    throw new Error("the topic has other records");
  const rate = Math.round((durable - from) / seconds);
  process.stdout.write(
    `publish: ${rate.toLocaleString("en")} results/s (${durable - from} results, ${records} records, frames of ${perFrame}; ` +
      `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version})\n`,
  );
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
