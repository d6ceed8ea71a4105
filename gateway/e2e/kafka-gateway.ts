/** The gateway with Kafka, as a real process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

interface Credentials {
  readonly url: string;
  readonly partner: { readonly key: string };
  readonly admin: { readonly key: string };
}

/** What `GET /v1/admin/groups` shows of a group. */
export interface GroupShown {
  readonly sequence: number;
  readonly durable: number;
  readonly published: number;
  readonly snapshotSequence: number;
  readonly lags: { readonly published: number };
  readonly publisher: { readonly state: string; readonly reason?: string; readonly errors: number };
}

/** The service as a process with its own data folder. */
export class KafkaGateway {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #data: string;
  #child: ChildProcess | undefined;
  /** Its log so far. */
  log = "";

  constructor(data: string, kafka: string, topic: string, settings: Readonly<Record<string, string>> = {}) {
    this.#data = data;
    this.#environment = {
      PATH: process.env.PATH,
      RINGFENCE_PORT: "0",
      RINGFENCE_DATA: data,
      RINGFENCE_KAFKA: kafka,
      RINGFENCE_KAFKA_TOPIC: topic,
      RINGFENCE_MIN_FREE_MB: "0",
      RINGFENCE_LOG_LEVEL: "error",
      ...settings,
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
      child.stdout.on("data", (data: Buffer) => {
        this.log += String(data);
        if (String(data).includes("serves on")) resolve();
      });
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

  credit(id: string, count = 20, more: object = {}): Promise<{ status: number }> {
    const commands = Array.from({ length: count }, (_, i) => ({
      id: `${id}-${i}`,
      type: "credit",
      account: `a${i % 1000}`,
      amount: "1",
      ...more,
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
