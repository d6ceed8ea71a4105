/**
 * Does to the group threads of this process what bugs and disks do: throws, stalls, failing and slow syncs. By the inspector of
 * each thread, so that the service needs no hook for it.
 */
import { existsSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../testing.ts";

/** Runs `script` in the thread of group `name`; resolves when it has run. */
export async function runInGroup(name: string, script: string): Promise<void> {
  const session = new Session();
  session.connect();
  const found = new Promise<string>((resolve) => {
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      if (params.workerInfo.title.includes(name)) resolve(params.sessionId);
    });
  });
  await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  const sessionId = await found;
  const done = new Promise<void>((resolve) => session.on("NodeWorker.receivedMessageFromWorker", () => resolve()));
  const evaluate = { id: 1, method: "Runtime.evaluate", params: { expression: `(() => {${script}})()` } };
  await session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify(evaluate) });
  await done;
  session.disconnect();
}

/** Not before the inspector has its answer. */
const soon = (script: string) => `setTimeout(() => {${script}}, 0);`;

const SLEEP = (ms: number) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;

const replaceSync = (body: string) => `
  const fs = process.getBuiltinModule("node:fs");
  const real = fs.fdatasyncSync;
  fs.fdatasyncSync = (descriptor) => { ${body} };
  process.getBuiltinModule("node:module").syncBuiltinESMExports();`;

/**
 * The thread of group `name` does nothing from now on, as when the processor or the disk is gone, until the function that this
 * gives is called.
 */
export async function stallGroup(name: string): Promise<() => void> {
  const folder = temporaryFolder();
  const [begun, release] = [join(folder, "begun"), join(folder, "release")];
  await runInGroup(
    name,
    soon(`
      const { existsSync, writeFileSync } = process.getBuiltinModule("node:fs");
      writeFileSync(${JSON.stringify(begun)}, "");
      while (!existsSync(${JSON.stringify(release)})) { ${SLEEP(5)} }`),
  );
  // The inspector answers before the stall begins, and until then the group takes what it gets.
  while (!existsSync(begun)) await sleep(1);
  return () => writeFileSync(release, "");
}

/** A bug: an exception that nobody catches. */
export const BUG: string = soon(`throw new Error("a bug");`);

/** Every later fdatasync fails. A new thread has a healthy disk again. */
export const FAILING_SYNC = replaceSync(
  `throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });`,
);

/** Every later close fails. */
export const FAILING_CLOSE: string = `
  process.getBuiltinModule("node:fs").closeSync = () => { throw Object.assign(new Error("EIO: i/o error, close"), { code: "EIO" }); };
  process.getBuiltinModule("node:module").syncBuiltinESMExports();`;

/** The next fdatasync takes so long. */
export const slowSync = (ms: number): string =>
  replaceSync(
    `${SLEEP(ms)} fs.fdatasyncSync = real; process.getBuiltinModule("node:module").syncBuiltinESMExports(); real(descriptor);`,
  );

/** No file can be filled with zeros any more, so no segment is prepared; what goes into prepared ones is written all the same. */
export const NO_ROOM: string = `
  const fs = process.getBuiltinModule("node:fs");
  globalThis.realWrite = fs.writeSync;
  fs.writeSync = (descriptor, bytes, ...rest) => {
    if (bytes.byteLength > 4096 && bytes[0] === 0) throw Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC" });
    return globalThis.realWrite(descriptor, bytes, ...rest);
  };
  process.getBuiltinModule("node:module").syncBuiltinESMExports();`;

/** Undoes NO_ROOM. */
export const ROOM_AGAIN: string = `
  process.getBuiltinModule("node:fs").writeSync = globalThis.realWrite;
  process.getBuiltinModule("node:module").syncBuiltinESMExports();`;
