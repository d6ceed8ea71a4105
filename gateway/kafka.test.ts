/** The whole path with a real broker: commands over HTTP, results in the topic. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ResultsMessage } from "../results/message.ts";
import { checkPartition } from "../results/testing/check-topic.ts";
import { freePort, hasBroker, startBroker } from "../results/testing/kafka-broker.ts";
import { newTopic, readTopic } from "../results/testing/raw-topic.ts";
import { temporaryFolder } from "./testing.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Credentials {
  readonly url: string;
  readonly partner: { readonly key: string };
  readonly admin: { readonly key: string };
}

interface GroupShown {
  readonly sequence: number;
  readonly durable: number;
  readonly published: number;
  readonly lags: { readonly published: number };
  readonly publisher: { readonly state: string; readonly reason?: string; readonly errors: number };
}

class Gateway {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #data: string;
  #child: ChildProcess | undefined;

  constructor(data: string, kafka: string, topic: string) {
    this.#data = data;
    this.#environment = {
      PATH: process.env.PATH,
      RINGFENCE_PORT: "0",
      RINGFENCE_DATA: data,
      RINGFENCE_KAFKA: kafka,
      RINGFENCE_KAFKA_TOPIC: topic,
      RINGFENCE_MIN_FREE_MB: "0",
      RINGFENCE_LOG_LEVEL: "error",
    };
  }

  get credentials(): Credentials {
    return JSON.parse(readFileSync(join(this.#data, "credentials.json"), "utf8")) as Credentials;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN], { env: this.#environment });
    this.#child = child;
    let text = "";
    child.stderr.on("data", (data: Buffer) => (text += String(data)));
    await new Promise<void>((resolve, reject) => {
      child.on("exit", (code) => reject(new Error(`The gateway ended with code ${code}: ${text}`)));
      child.stdout.on("data", (data: Buffer) => String(data).includes("serves on") && resolve());
    });
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, "exit") as Promise<[number | null]>;
    child.kill(signal);
    return (await ended)[0];
  }

  async call(path: string, key: string, body?: unknown): Promise<{ status: number; json: unknown }> {
    const { url } = this.credentials;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const reply = await fetch(url + path, init);
    const text = await reply.text();
    return { status: reply.status, json: text.startsWith("{") ? (JSON.parse(text) as unknown) : text };
  }

  credit(id: string, count = 20): Promise<{ status: number }> {
    const commands = Array.from({ length: count }, (_, i) => ({
      id: `${id}-${i}`,
      type: "credit",
      account: `a${i}`,
      amount: "1",
    }));
    return this.call("/v1/commands", this.credentials.partner.key, { commands });
  }

  async group(): Promise<GroupShown> {
    const { json } = await this.call("/v1/admin/groups", this.credentials.admin.key);
    return (json as { groups: GroupShown[] }).groups[0]!;
  }

  async caughtUp(): Promise<GroupShown> {
    for (let i = 0; i < 600; i++) {
      const group = await this.group();
      if (group.publisher.state === "publishing" && group.published === group.durable) return group;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`It does not catch up: ${JSON.stringify(await this.group())}`);
  }
}

describe.runIf(hasBroker())("the gateway with Kafka", () => {
  it("takes commands and stays ready while Kafka is away, shows the lag, and catches up", async () => {
    const port = await freePort();
    const topic = newTopic();
    const gateway = new Gateway(temporaryFolder(), `127.0.0.1:${port}`, topic);
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

  it("publishes through kills under load exactly what GET /v1/results shows", async () => {
    const broker = await startBroker();
    onTestFinished(() => broker.stop());
    const topic = newTopic();
    const gateway = new Gateway(temporaryFolder(), broker.address, topic);
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
});
