/**
 * Writing past the page cache (O_DIRECT), where memory and place allow it. A journal is written once and read by few, so the copy into
 * the cache is a waste; on a virtual machine, where the first use of each page of memory has to be granted by the host, it was
 * two fifths of a group's time, nearly all of it for the zeros of segments to come. Durable a write is by the same sync as before.
 */
import * as fs from "node:fs";
import { promisify } from "node:util";
import { ALIGNED_OFFSET, SECTOR_BYTES } from "./bytes.ts";
import type { Handle } from "./file-layer.ts";

type Write<R> = (descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number) => R;

const writeAsync = promisify(fs.write);

export class DirectFiles {
  /** The direct descriptor of an open file. */
  readonly #descriptors = new Map<Handle, number>();
  /** Buffers whose address has proved to be no multiple of a sector. */
  readonly #crooked = new WeakSet<ArrayBufferLike>();
  readonly #writeSync: Write<number>;
  readonly #write: Write<Promise<number>>;

  /** The system's calls, but for tests of systems that are stricter. */
  constructor(
    writeSync: Write<number> = (...call) => fs.writeSync(...call),
    write: Write<Promise<number>> = async (...call) => (await writeAsync(...call)).bytesWritten,
  ) {
    this.#writeSync = writeSync;
    this.#write = write;
  }

  /** Opens a second descriptor of the file for direct writes, if the system and its file system know such. */
  open(handle: Handle, path: string): void {
    const { O_DIRECT, O_WRONLY } = fs.constants;
    if (O_DIRECT === undefined) return;
    try {
      this.#descriptors.set(handle, fs.openSync(path, O_WRONLY | O_DIRECT));
    } catch {
      // A file system in memory, or out of descriptors: what the first descriptor takes is written through the cache.
    }
  }

  close(handle: Handle): void {
    const descriptor = this.#descriptors.get(handle);
    if (descriptor === undefined) return;
    this.#descriptors.delete(handle);
    fs.closeSync(descriptor);
  }

  /** True if writes to the file may go past the cache. */
  has(handle: Handle): boolean {
    return this.#descriptors.has(handle);
  }

  /** Bytes written, as by `write`; undefined if these bytes cannot be written so, and nothing was. */
  write(handle: Handle, bytes: Uint8Array, position: number): number | undefined {
    const descriptor = this.#descriptorFor(handle, bytes, position);
    if (descriptor === undefined) return;
    try {
      return this.#writeSync(descriptor, bytes, 0, bytes.byteLength, position);
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
      return await this.#write(descriptor, bytes, 0, bytes.byteLength, position);
    } catch (error) {
      this.#noteCrooked(error, bytes);
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
