/** The whole path with a real broker: commands over HTTP, results in the topic. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ResultsMessage } from "../results/message.ts";
import { checkPartition } from "../results/testing/check-topic.ts";
import { freePort, hasBroker, startBroker } from "../results/testing/kafka-broker.ts";
import { newTopic, readTopic } from "../results/testing/raw-topic.ts";
import { KafkaGateway } from "./e2e/kafka-gateway.ts";
import { temporaryFolder } from "./testing.ts";

describe.runIf(hasBroker())("the gateway with Kafka", () => {
  it("takes commands and stays ready while Kafka is away, shows the lag, and catches up", {
    timeout: 180_000,
  }, async () => {
    const port = await freePort();
    const topic = newTopic();
    const gateway = new KafkaGateway(temporaryFolder(), `127.0.0.1:${port}`, topic);
    onTestFinished(async () => void (await gateway.end("SIGKILL")));
    await gateway.start();
    for (let i = 0; i < 5; i++) expect((await gateway.credit(`early-${i}`)).status).toBe(202);
    const { admin } = gateway.credentials;
    while ((await gateway.group()).publisher.state !== "retrying")
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await gateway.call("/ready", admin.key)).status).toBe(200);
    expect(await gateway.group()).toMatchObject({ published: 0, lags: { published: 100 }, durable: 100 });
    expect((await gateway.call("/metrics", admin.key)).json).toContain('ringfence_publish_lag{group="g0"} 100');

    const broker = await startBroker({ isOwn: true, port });
    onTestFinished(() => broker.stop());
    await gateway.caughtUp();
    await Promise.all(Array.from({ length: 20 }, (_, i) => gateway.credit(`late-${i}`)));
    expect(await gateway.end("SIGTERM")).toBe(0);
    // What was durable at the stop was flushed by it.
    expect(checkPartition(await readTopic(broker.address, topic))).toEqual({ last: 500, repeats: 0 });
  });

  it("publishes through kills under load exactly what GET /v1/results shows", { timeout: 180_000 }, async () => {
    const broker = await startBroker();
    onTestFinished(() => broker.stop());
    const topic = newTopic();
    const gateway = new KafkaGateway(temporaryFolder(), broker.address, topic);
    onTestFinished(async () => void (await gateway.end("SIGKILL")));
    for (let kill = 0; kill < 4; kill++) {
      await gateway.start();
      let isLoading = true;
      const load = async (worker: number) => {
        for (let i = 0; isLoading; i++) await gateway.credit(`${kill}-${worker}-${i}`).catch(() => {});
      };
      const loading = [0, 1, 2, 3].map(load);
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 700));
      await gateway.end("SIGKILL");
      isLoading = false;
      await Promise.all(loading);
    }
    await gateway.start();
    const { durable } = await gateway.caughtUp();
    const records = await readTopic(broker.address, topic);
    expect(checkPartition(records).last).toBe(durable);
    const results = new Map<number, unknown>();
    for (const { value } of records) {
      for (const result of (JSON.parse(value) as ResultsMessage).results) results.set(result.sequence, result);
    }
    for (let after = 0; after < durable; ) {
      const { json } = await gateway.call(`/v1/results?after=${after}&limit=1000`, gateway.credentials.partner.key);
      const page = json as { results: { sequence: number }[]; next: number };
      for (const result of page.results) expect(results.get(result.sequence)).toEqual(result);
      after = page.next;
    }
  });

  it("keeps every segment that is not published, and trims them once it is", { timeout: 180_000 }, async () => {
    const port = await freePort();
    const topic = newTopic();
    const data = temporaryFolder();
    const gateway = new KafkaGateway(data, `127.0.0.1:${port}`, topic, {
      RINGFENCE_SEGMENT_MB: "16",
      RINGFENCE_RETAIN_SEGMENTS: "1",
      RINGFENCE_SNAPSHOT_COMMANDS: "20000",
    });
    onTestFinished(async () => void (await gateway.end("SIGKILL")));
    await gateway.start();
    const segments = () => readdirSync(join(data, "groups", "g0")).filter((name) => name.endsWith(".seg"));
    const memo = "m".repeat(128);
    const fill = async (name: string, written: number) => {
      for (let i = 0; segments().length < written; i++) {
        const { status } = await gateway.credit(`${name}-${i}`, 5000, { memo });
        expect(status).toBe(202);
      }
    };
    await fill("early", 5);
    const { admin } = gateway.credentials;
    const snapshot = () => gateway.call("/v1/admin/groups/g0/snapshot", admin.key, {});
    // One that is under way already is of an earlier sequence.
    for (const { durable } = await gateway.group(); (await gateway.group()).snapshotSequence < durable; )
      await snapshot();
    // Everything is behind a snapshot, and one segment would be enough: only the cursor holds them.
    expect(segments()).toHaveLength(5);
    expect((await gateway.group()).published).toBe(0);

    const broker = await startBroker({ isOwn: true, port });
    onTestFinished(() => broker.stop());
    await gateway.caughtUp();
    const [oldest] = segments();
    for (let i = 0; segments().length > 2 && i < 40; i++) {
      await gateway.credit(`late-${i}`, 5000, { memo });
      await gateway.caughtUp();
      await snapshot();
    }
    expect(segments().length).toBeLessThanOrEqual(2);
    expect(segments()).not.toContain(oldest);
    const last = (await gateway.caughtUp()).durable;
    expect(checkPartition(await readTopic(broker.address, topic))).toEqual({ last, repeats: 0 });
  });
});
