import type { FileLayer, Handle, OpenMode } from "../file-layer.ts";
import { type MemoryDisk, systemError } from "./memory-disk.ts";
import { type Random, seeded } from "./random.ts";

/**
 * What happens at one call. `die`: the process ends before it. `short`: a read or write does a part only. `tear`: the process
 * ends in a write of which some sectors are on the disk. `ENOSPC`, `EIO`: the call fails; a failed sync leaves some sectors
 * written and all counted as clean. `lost`: the write is acknowledged, and never reaches the disk.
 */
export const FAULTS = ["die", "short", "tear", "ENOSPC", "EIO", "lost"] as const;
export type Fault = (typeof FAULTS)[number];

/** The process that used the layer is gone: thrown at the fault and at every later call. */
export class ProcessEnded extends Error {
  override name = "ProcessEnded";
}

type Call =
  | "open"
  | "close"
  | "size"
  | "read"
  | "write"
  | "truncate"
  | "datasync"
  | "name"
  | "list"
  | "syncDirectory"
  | "free";

const APPLIES: Readonly<Record<Fault, (call: Call) => boolean>> = Object.freeze({
  die: () => true,
  short: (call: Call) => call === "read" || call === "write",
  tear: (call: Call) => call === "write",
  ENOSPC: (call: Call) => call === "write" || call === "open" || call === "name",
  EIO: (call: Call) => call !== "close",
  lost: (call: Call) => call === "write",
});

/** A layer over a disk in memory that lets one call go wrong. */
export class FaultyLayer implements FileLayer {
  readonly disk: MemoryDisk;
  /** Calls made so far. */
  calls = 0;
  /** True once the fault has happened. */
  struck = false;
  readonly #at: number;
  readonly #fault: Fault | undefined;
  readonly #random: Random;
  #ended = false;

  /** `at`: number of the call, from 1; 0 for none. */
  constructor(disk: MemoryDisk, at = 0, fault: Fault | undefined = undefined, seed = 1) {
    this.disk = disk;
    this.#at = at;
    this.#fault = fault;
    this.#random = seeded(seed);
  }

  open(path: string, mode: OpenMode): Handle {
    this.#enter("open");
    return this.disk.open(path, mode);
  }

  close(handle: Handle): void {
    this.#enter("close");
    this.disk.close(handle);
  }

  size(handle: Handle): number {
    this.#enter("size");
    return this.disk.size(handle);
  }

  read(handle: Handle, target: Uint8Array, position: number): number {
    const fault = this.#enter("read");
    return this.disk.read(handle, fault === "short" ? this.#part(target) : target, position);
  }

  write(handle: Handle, bytes: Uint8Array, position: number): number {
    const fault = this.#enter("write");
    if (fault === "short") return this.disk.write(handle, this.#part(bytes), position);
    if (fault === "lost") {
      this.disk.fileOf(handle).write(bytes, position, true);
      return bytes.byteLength;
    }
    const written = this.disk.write(handle, bytes, position);
    if (fault === "tear") {
      this.disk.fileOf(handle).persistSome(position, position + bytes.byteLength, this.#random);
      this.#ended = true;
      throw new ProcessEnded();
    }
    return written;
  }

  datasync(handle: Handle): void {
    this.#enter("datasync", handle);
    this.disk.datasync(handle);
  }

  list(directory: string): string[] {
    this.#enter("list");
    return this.disk.list(directory);
  }

  mkdir(directory: string): void {
    this.#enter("name");
    this.disk.mkdir(directory);
  }

  rename(from: string, to: string): void {
    this.#enter("name");
    this.disk.rename(from, to);
  }

  unlink(path: string): void {
    this.#enter("name");
    this.disk.unlink(path);
  }

  syncDirectory(directory: string): void {
    this.#enter("syncDirectory");
    this.disk.syncDirectory(directory);
  }

  freeBytes(): number {
    this.#enter("free");
    return this.disk.freeBytes();
  }

  async readInBackground(handle: Handle, target: Uint8Array, position: number): Promise<number> {
    return this.read(handle, target, position);
  }

  async writeInBackground(handle: Handle, bytes: Uint8Array, position: number): Promise<number> {
    return this.write(handle, bytes, position);
  }

  async datasyncInBackground(handle: Handle): Promise<void> {
    this.datasync(handle);
  }

  async truncateInBackground(handle: Handle, bytes: number): Promise<void> {
    this.#enter("truncate");
    await this.disk.truncateInBackground(handle, bytes);
  }

  async syncDirectoryInBackground(directory: string): Promise<void> {
    this.syncDirectory(directory);
  }

  async unlinkInBackground(path: string): Promise<void> {
    this.unlink(path);
  }

  /** Counts the call; throws or returns the fault that it must show. */
  #enter(call: Call, synced?: Handle): Fault | undefined {
    if (this.#ended) throw new ProcessEnded();
    this.calls++;
    const fault = this.#fault;
    if (this.calls !== this.#at || fault === undefined || !APPLIES[fault](call)) return undefined;
    this.struck = true;
    if (fault === "die") {
      this.#ended = true;
      throw new ProcessEnded();
    }
    if (fault === "EIO" && synced !== undefined) this.disk.fileOf(synced).failSync(this.#random);
    if (fault === "EIO" || fault === "ENOSPC") throw systemError(fault, call);
    return fault;
  }

  #part(bytes: Uint8Array): Uint8Array {
    return bytes.subarray(0, 1 + Math.floor(this.#random() * (bytes.byteLength - 1)));
  }
}
