/** Entry of the embedded store's thread. SQLite's calls take their thread until they are done: here they delay nobody. */
import { spawnSync } from "node:child_process";
import { readlinkSync, renameSync, rmSync } from "node:fs";
import { setPriority } from "node:os";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { CursorError, SqliteStore, StoreError } from "../../stores/index.ts";
import { Follower } from "./follower.ts";
import type { FromStore, GroupStatus, Note, StoreThreadStart, ToStore } from "./messages.ts";
import { Pace } from "./pace.ts";

/** Milliseconds between two reports of the state while there is work. */
const REPORT_MS = 50;

/** Niceness of this thread: a store that lags is better than commands that wait for a processor. */
const NICENESS = 19;

/**
 * Sleep between statements while commands come, ms. Under the idle policy alone the kernel leaves a thread behind another on one core
 * although the other core runs nothing but the store; a core that goes to sleep fetches what waits. Figures: PERFORMANCE.md.
 */
const NAP_MS = 0.05;
/** Work between two sleeps, ms: a sleep behind each statement held the others up no less, and made a transaction take three times as long. */
const STINT_MS = 1;

const pace = new Pace();
/** Nobody ever wakes it. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** Of the transaction in hand: no news are heard within one, so it would seem that the rush is over. */
let takesNaps = false;
let napEndMs = 0;

/** SQLite's codes for a file that is damaged, or is no database. */
const UNREADABLE = new Set([11, 26]);

const port = parentPort;
if (port === null) throw new Error("worker.ts is started as a worker");
const { path, groups } = workerData as StoreThreadStart;
const send = (message: FromStore) => port.postMessage(message);
const note = (one: Note) => send({ kind: "note", note: one });
const durable = new Map<string, number>();
let isStopping = false;
let wake: () => void = () => {};

yieldToOthers();
const store = await openStore();
const followers = groups.map(({ name, directory }) => new Follower({ group: name, directory, store, note }));

port.on("message", (message: ToStore) => {
  if (message.kind === "entries") {
    answer(message.id, message.query);
    return;
  }
  if (message.kind === "balance") {
    answerBalance(message.id, message.key);
    return;
  }
  if (message.kind === "durable") {
    for (const [group, sequence] of message.groups) durable.set(group, sequence);
    pace.news(performance.now());
  } else isStopping = true;
  wake();
});

await follow();
for (const follower of followers) follower.close();
await store.close();
port.close();

async function follow(): Promise<void> {
  let reportedAtMs = 0;
  while (!isStopping) {
    const news = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const beganMs = performance.now();
    takesNaps = pace.isRush(beganMs);
    const worked = await round();
    const nowMs = performance.now();
    if (!worked || nowMs - reportedAtMs > REPORT_MS) {
      report();
      reportedAtMs = nowMs;
    }
    // Reads are answered meanwhile.
    if (worked) await restFor(pace.restMs({ behind: behind(), tookMs: nowMs - beganMs, nowMs }));
    else await newsOrRetry(news, nowMs);
  }
}

function restFor(ms: number): Promise<void> {
  return ms === 0 ? turn() : pause(ms);
}

/** Durable results that the store has not got yet, of the group with the most. */
function behind(): number {
  return Math.max(...followers.map(({ status }) => (durable.get(status.group) ?? 0) - status.watermark));
}

/** Each group in its turn, for SQLite has one writer at a time. */
async function round(): Promise<boolean> {
  let worked = false;
  for (const [index, { name }] of groups.entries()) {
    const sequence = durable.get(name);
    if (sequence !== undefined && (await followers[index]!.step(sequence, performance.now()))) worked = true;
  }
  return worked;
}

async function newsOrRetry(news: Promise<void>, nowMs: number): Promise<void> {
  const waitMs = Math.min(...followers.map((follower) => follower.waitMs(nowMs)));
  if (waitMs === Number.POSITIVE_INFINITY) return news;
  const timer = setTimeout(wake, waitMs);
  await news;
  clearTimeout(timer);
}

function report(): void {
  const states: GroupStatus[] = followers.map(({ status }) => status);
  send({ kind: "status", groups: states });
}

function answer(id: number, query: Parameters<SqliteStore["entries"]>[0]): void {
  store.entries(query).then(
    (page) => send({ kind: "page", id, page }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      send({ kind: "refused", id, isCursor: error instanceof CursorError, message });
    },
  );
}

function answerBalance(id: number, key: Parameters<SqliteStore["balance"]>[0]): void {
  store.balance(key).then(
    (balance) => send({ kind: "balance", id, balance }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      send({ kind: "refused", id, isCursor: false, message });
    },
  );
}

function betweenStatements(): void {
  if (!takesNaps || performance.now() - napEndMs < STINT_MS) return;
  Atomics.wait(sleeper, 0, 0, NAP_MS);
  napEndMs = performance.now();
}

/** The store holds nothing that the journal does not: one that cannot be read is put aside, and made anew. */
async function openStore(): Promise<SqliteStore> {
  const opened = new SqliteStore({ path, betweenStatements });
  try {
    await opened.prepare();
    return opened;
  } catch (error) {
    const isUnreadable = error instanceof Error && "errcode" in error && UNREADABLE.has(Number(error.errcode) & 0xff);
    if (!isUnreadable && !(error instanceof StoreError)) throw error;
    note({ level: "warn", text: `the embedded store is put aside as ${path}.old and rebuilt: ${error.message}` });
  }
  renameSync(path, `${path}.old`);
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  const anew = new SqliteStore({ path, betweenStatements });
  await anew.prepare();
  return anew;
}

/**
 * On Linux a thread has a priority of its own; elsewhere nothing is changed, for it would be the whole process's. A nice thread still
 * keeps its processor for a slice of milliseconds when another wakes; under the idle policy it gives way at once.
 */
function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  try {
    const thread = readlinkSync("/proc/thread-self").split("/").at(-1)!;
    setPriority(Number(thread), NICENESS);
    // Node has no call for the policy; where the program is missing the niceness has to do.
    spawnSync("chrt", ["--idle", "--pid", "0", thread], { stdio: "ignore" });
  } catch {
    // Without /proc, or not allowed: the store works all the same.
  }
}
