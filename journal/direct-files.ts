/**
 * Writing and reading past the page cache (O_DIRECT), where memory and place allow it. A journal is written once and read by few, so the
 * copy into the cache is a waste; on a virtual machine, where the first use of each page of memory has to be granted by the host, it
 * was two fifths of a group's time, nearly all of it for the zeros of segments to come, and a third of a restart. Durable a write is
 * by the same sync as before.
 */
import * as fs from "node:fs";
import { promisify } from "node:util";
import { ALIGNED_OFFSET, SECTOR_BYTES } from "./bytes.ts";
import type { Handle } from "./file-layer.ts";

type Call<R> = (descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number) => R;

export interface DirectCalls {
  readonly writeSync: Call<number>;
  readonly write: Call<Promise<number>>;
  readonly readSync: Call<number>;
}

const writeAsync = promisify(fs.write);

const SYSTEM: DirectCalls = Object.freeze({
  writeSync: (...call: Parameters<Call<number>>) => fs.writeSync(...call),
  write: async (...call: Parameters<Call<number>>) => (await writeAsync(...call)).bytesWritten,
  readSync: (...call: Parameters<Call<number>>) => fs.readSync(...call),
});

export class DirectFiles {
  /** The direct descriptor of an open file. */
  readonly #descriptors = new Map<Handle, number>();
  /** Buffers whose address has proved to be no multiple of a sector. */
  readonly #crooked = new WeakSet<ArrayBufferLike>();
  readonly #calls: DirectCalls;

  /** `calls`: the system's, but for tests of systems that are stricter. */
  constructor(calls: Partial<DirectCalls> = {}) {
    this.#calls = { ...SYSTEM, ...calls };
  }

  /** Opens a second descriptor of the file, to read and, if `isWritten`, to write it, if the system and its file system know such. */
  open(handle: Handle, path: string, isWritten = true): void {
    const { O_DIRECT, O_RDWR, O_RDONLY } = fs.constants;
    if (O_DIRECT === undefined) return;
    try {
      this.#descriptors.set(handle, fs.openSync(path, (isWritten ? O_RDWR : O_RDONLY) | O_DIRECT));
    } catch {
      // A file system in memory, or out of descriptors: what the first descriptor takes or gives goes through the cache.
    }
  }

  close(handle: Handle): void {
    const descriptor = this.#descriptors.get(handle);
    if (descriptor === undefined) return;
    this.#descriptors.delete(handle);
    fs.closeSync(descriptor);
  }

  /** True if the file may be read, and written if it was opened so, past the cache. */
  has(handle: Handle): boolean {
    return this.#descriptors.has(handle);
  }

  /** Bytes written, as by `write`; undefined if these bytes cannot be written so, and nothing was. */
  write(handle: Handle, bytes: Uint8Array, position: number): number | undefined {
    const descriptor = this.#descriptorFor(handle, bytes, position);
    if (descriptor === undefined) return;
    try {
      return this.#calls.writeSync(descriptor, bytes, 0, bytes.byteLength, position);
    } catch (error) {
      this.#noteCrooked(error, bytes);
      return;
    }
  }

  /** As `write`, off the calling thread. */
  async writeInBackground(handle: Handle, bytes: Uint8Array, position: number): Promise<number | undefined> {
    const descriptor = this.#descriptorFor(handle, bytes, position);
    if (descriptor === undefined) return;
    try {
      return await this.#calls.write(descriptor, bytes, 0, bytes.byteLength, position);
    } catch (error) {
      this.#noteCrooked(error, bytes);
      return;
    }
  }

  /** Bytes read, as by `read`; undefined if they cannot be read so into this memory. */
  read(handle: Handle, target: Uint8Array, position: number): number | undefined {
    const descriptor = this.#descriptorFor(handle, target, position);
    if (descriptor === undefined) return;
    try {
      return this.#calls.readSync(descriptor, target, 0, target.byteLength, position);
    } catch (error) {
      this.#noteCrooked(error, target);
      return;
    }
  }

  #descriptorFor(handle: Handle, bytes: Uint8Array, position: number): number | undefined {
    const isAligned = bytes.byteOffset % SECTOR_BYTES === ALIGNED_OFFSET;
    if (!isAligned || (bytes.byteLength | position) % SECTOR_BYTES !== 0 || this.#crooked.has(bytes.buffer)) return;
    return this.#descriptors.get(handle);
  }

  /** Throws any other error. */
  #noteCrooked(error: unknown, { buffer }: Uint8Array): void {
    // Of the reasons for EINVAL only the address, and a disk with larger sectors, can be meant here.
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    this.#crooked.add(buffer);
  }
}
