import * as fs from "node:fs";
import { DirectFiles } from "./direct-files.ts";
import type { FileLayer, Handle, OpenMode } from "./file-layer.ts";

/** What libuv's one read or write call takes at most is 2^31 - 1 bytes; staying below keeps a call's time bounded. */
const CALL_BYTES_MAX = 8 << 20;

const FLAGS: Readonly<Record<OpenMode, string>> = Object.freeze({ read: "r", update: "r+", create: "wx+" });

const direct = new DirectFiles();

function open(path: string, mode: OpenMode): Handle {
  const handle = fs.openSync(path, FLAGS[mode], 0o640);
  direct.open(handle, path, mode !== "read");
  return handle;
}

function close(handle: Handle): void {
  direct.close(handle);
  fs.closeSync(handle);
}

function slice(bytes: Uint8Array): number {
  return Math.min(bytes.byteLength, CALL_BYTES_MAX);
}

function read(handle: Handle, target: Uint8Array, position: number): number {
  const part = target.subarray(0, slice(target));
  return direct.read(handle, part, position) ?? fs.readSync(handle, part, 0, part.byteLength, position);
}

function syncDirectory(directory: string): void {
  const handle = fs.openSync(directory, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/** As a promise, for the callback API works on plain descriptors, which fs.promises does not. */
function settle<T>(start: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

async function syncDirectoryInBackground(directory: string): Promise<void> {
  const handle = await fs.promises.open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The real file system. Synchronous calls, because one thread owns a group and a round trip through the thread pool costs
 * more than the sync itself. EINTR needs no care: libuv repeats an interrupted call.
 */
export const nodeLayer: FileLayer = Object.freeze({
  open,
  close,
  size: (handle: Handle) => fs.fstatSync(handle).size,
  read,
  write: (handle: Handle, bytes: Uint8Array, position: number) =>
    direct.write(handle, bytes, position) ?? fs.writeSync(handle, bytes, 0, bytes.byteLength, position),
  datasync: (handle: Handle) => fs.fdatasyncSync(handle),
  list: (directory: string) => fs.readdirSync(directory),
  mkdir: (directory: string) => {
    fs.mkdirSync(directory, { recursive: true });
  },
  rename: (from: string, to: string) => fs.renameSync(from, to),
  unlink: (path: string) => fs.unlinkSync(path),
  syncDirectory,
  freeBytes: (directory: string) => {
    const stats = fs.statfsSync(directory);
    return stats.bavail * stats.bsize;
  },
  readInBackground: (handle: Handle, target: Uint8Array, position: number) =>
    settle<number>((done) => fs.read(handle, target, 0, slice(target), position, done)),
  writeInBackground: async (handle: Handle, bytes: Uint8Array, position: number) =>
    (await direct.writeInBackground(handle, bytes, position)) ??
    settle<number>((done) => fs.write(handle, bytes, 0, slice(bytes), position, done)),
  datasyncInBackground: (handle: Handle) =>
    settle<void>((done) => fs.fdatasync(handle, (error) => done(error, undefined))),
  truncateInBackground: (handle: Handle, bytes: number) =>
    settle<void>((done) => fs.ftruncate(handle, bytes, (error) => done(error, undefined))),
  syncDirectoryInBackground,
  unlinkInBackground: (path: string) => settle<void>((done) => fs.unlink(path, (error) => done(error, undefined))),
});
