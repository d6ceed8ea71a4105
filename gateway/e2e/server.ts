/** A whole service for the end-to-end tests: real threads, real files, a free port; in this process or as a child. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { readSettings } from "../config.ts";
import { type Service, start } from "../serve.ts";
import { temporaryFolder } from "../testing.ts";

/** What came back: the parsed body, for every answer of the service is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The fields that tests look at; which of them are there depends on the route. */
export interface Body {
  readonly code?: string;
  readonly status?: string | number;
  readonly detail?: string;
  readonly sequence?: number;
  readonly count?: number;
  readonly results?: readonly Result[];
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
  readonly available?: string;
  readonly held?: string;
  readonly key?: string;
  readonly of?: number;
  readonly groups?: readonly GroupState[];
}

export interface Result {
  readonly sequence: number;
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly available: string | null;
  readonly held: string | null;
  readonly duplicate?: boolean;
  readonly of?: number;
}

export interface GroupState {
  readonly name: string;
  readonly state: string;
  readonly reason?: string;
  readonly sequence: number;
  readonly snapshotSequence: number;
  readonly stateHash: string | null;
}

/** Whom a request is from. */
export class Client {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === "" ? {} : JSON.parse(text)) as Body };
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  /** Posts a bucket and waits for its results. */
  post(commands: readonly object[], options: { atomic?: boolean; prefer?: string | null } = {}): Promise<Answer> {
    const { atomic, prefer = "wait=10" } = options;
    const body = atomic === undefined ? { commands } : { commands, atomic };
    return this.send("POST", "/v1/commands", body, prefer === null ? {} : { prefer });
  }

  /** The only result of a bucket of one. */
  async one(command: object): Promise<Result> {
    const { body } = await this.post([command]);
    return body.results![0]!;
  }
}

export interface Running {
  readonly data: string;
  readonly url: string;
  readonly demo: Client;
  readonly admin: Client;
  /** What `GET /v1/admin/groups` says of a group. */
  group(name?: string): Promise<GroupState>;
  /** Waits until a group is in a state. Throws after 20 s. */
  until(name: string, state: string): Promise<GroupState>;
}

export type Environment = Readonly<Record<string, string>>;

function running(url: string, data: string): Running {
  const { partner, admin } = JSON.parse(readFileSync(join(data, "credentials.json"), "utf8"));
  const operator = new Client(url, admin.key);
  const group = async (name = "g0") => {
    const { body } = await operator.get("/v1/admin/groups");
    return body.groups!.find((one) => one.name === name)!;
  };
  const until = async (name: string, state: string) => {
    for (const end = performance.now() + 20_000; performance.now() < end; await pause(20)) {
      const found = await group(name);
      if (found.state === state) return found;
    }
    throw new Error(`group ${name} is not ${state} in time`);
  };
  return { data, url, demo: new Client(url, partner.key), admin: operator, group, until };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function environmentFor(data: string, more: Environment): Record<string, string> {
  const base = { DATA: data, PORT: "0", LOG_LEVEL: "silent", SEGMENT_MB: "16", MIN_FREE_MB: "0" };
  return Object.fromEntries(Object.entries({ ...base, ...more }).map(([name, value]) => [`RINGFENCE_${name}`, value]));
}

/** A service in this process, stopped after the running test. `environment` without the RINGFENCE_ prefix. */
export async function inProcess(
  environment: Environment = {},
  data = temporaryFolder(),
): Promise<Running & { stop(): Promise<void> }> {
  const service: Service = await start(readSettings(environmentFor(data, environment)));
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= service.stop();
    return stopped;
  };
  onTestFinished(stop);
  return { ...running(service.url, data), stop };
}

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A child that ran to its end. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the url once it serves; rejects when it ends before. */
  readonly serves: Promise<string>;
}

/** Starts the service as a child with just these settings. It is killed, by its id, at the end of the running test. */
export function child(environment: Environment): Child {
  const settings = Object.entries(environment).map(([name, value]) => [`RINGFENCE_${name}`, value]);
  const process_ = spawn(process.execPath, [MAIN], { env: { PATH: "", ...Object.fromEntries(settings) } });
  onTestFinished(() => void process_.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  process_.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = once(process_, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const serves = new Promise<string>((resolve, reject) => {
    process_.stdout.on("data", (text) => {
      stdout += text;
      const url = /^ringfence serves on (\S+)$/m.exec(stdout)?.[1];
      if (url !== undefined) resolve(url);
    });
    ended.then(({ code }) =>
      reject(new Error(`the service ended with ${code ?? process_.signalCode}: ${stdout}${stderr}`)),
    );
  });
  serves.catch(() => {});
  return { process: process_, ended, serves };
}

/** A service as a child, once it serves. */
export async function childServing(environment: Environment = {}, data = temporaryFolder()) {
  const base = { DATA: data, PORT: "0", LOG_LEVEL: "silent", SEGMENT_MB: "16", MIN_FREE_MB: "0" };
  const made = child({ ...base, ...environment });
  const url = await made.serves;
  return { ...made, ...running(url, data) };
}

/** Sends raw bytes, piece by piece, and returns all that comes back until the other side closes or `ms` have passed. */
export async function raw(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  options: { ms?: number; halfClose?: boolean } = {},
): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true, noDelay: true });
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes;
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
  });
  await once(socket, "connect");
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (options.halfClose === true) socket.end();
  await Promise.race([closed, pause(options.ms ?? 5000)]);
  socket.destroy();
  return text;
}
