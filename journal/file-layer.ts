/**
 * All file access of the journal goes through this interface, so that tests can put a disk under it that fails, tears and
 * forgets (see testing/). Paths are absolute or relative to the working directory; a handle is opaque.
 */
import { ZEROS } from "./bytes.ts";

/** An open file. */
export type Handle = number;

/** `read`: must exist. `update`: must exist, read and write. `create`: must not exist, read and write. */
export type OpenMode = "read" | "update" | "create";

/** Every method throws an Error with the system's `code`, or rejects with one. */
export interface FileLayer {
  open(path: string, mode: OpenMode): Handle;
  close(handle: Handle): void;
  /** Bytes in the file. */
  size(handle: Handle): number;
  /** Returns bytes read; fewer than asked is no error; 0 only at the end of the file. */
  read(handle: Handle, target: Uint8Array, position: number): number;
  /** Returns bytes written, at least one; fewer than given is no error. */
  write(handle: Handle, bytes: Uint8Array, position: number): number;
  /** The file's data and length are on the disk when it returns. After a failure nothing is known: never call it again. */
  datasync(handle: Handle): void;
  /** Names in a folder, in no order. */
  list(directory: string): string[];
  /** Makes the folder and its parents; no error if it is there. */
  mkdir(directory: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Names made, renamed and removed in the folder are on the disk when it returns. */
  syncDirectory(directory: string): void;
  /** Bytes that an unprivileged process may still write to the folder's file system. */
  freeBytes(directory: string): number;
  readInBackground(handle: Handle, target: Uint8Array, position: number): Promise<number>;
  /** `bytes` must not change until it settles. */
  writeInBackground(handle: Handle, bytes: Uint8Array, position: number): Promise<number>;
  datasyncInBackground(handle: Handle): Promise<void>;
  /** Cuts the file to `bytes`, which are no more than it has. */
  truncateInBackground(handle: Handle, bytes: number): Promise<void>;
  syncDirectoryInBackground(directory: string): Promise<void>;
  unlinkInBackground(path: string): Promise<void>;
}

/** Writes all of `bytes`, going on after short writes. */
export function writeFully(layer: FileLayer, handle: Handle, bytes: Uint8Array, position: number): void {
  let written = layer.write(handle, bytes, position);
  while (written < bytes.byteLength) {
    const more = layer.write(handle, bytes.subarray(written), position + written);
    if (more <= 0) throw Object.assign(new Error("a write returned without writing"), { code: "EIO" });
    written += more;
  }
}

/** Writes zeros from `from` (included) to `to` (excluded). */
export function writeZeros(layer: FileLayer, handle: Handle, from: number, to: number): void {
  for (let at = from; at < to; at += ZEROS.byteLength) {
    writeFully(layer, handle, ZEROS.subarray(0, Math.min(ZEROS.byteLength, to - at)), at);
  }
}

/** Fills `target`, going on after short reads; returns fewer bytes only at the end of the file. */
export function readFully(layer: FileLayer, handle: Handle, target: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < target.byteLength) {
    const more = layer.read(handle, target.subarray(filled), position + filled);
    if (more === 0) break;
    filled += more;
  }
  return filled;
}

/** As `writeFully`, off the calling thread. */
export async function writeFullyInBackground(
  layer: FileLayer,
  handle: Handle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const more = await layer.writeInBackground(handle, bytes.subarray(written), position + written);
    if (more <= 0) throw Object.assign(new Error("a write returned without writing"), { code: "EIO" });
    written += more;
  }
}

/** As `readFully`, off the calling thread. */
export async function readFullyInBackground(
  layer: FileLayer,
  handle: Handle,
  target: Uint8Array,
  position: number,
): Promise<number> {
  let filled = 0;
  while (filled < target.byteLength) {
    const more = await layer.readInBackground(handle, target.subarray(filled), position + filled);
    if (more === 0) break;
    filled += more;
  }
  return filled;
}
