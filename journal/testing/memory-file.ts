import { SECTOR_BYTES, sectorsUp } from "../bytes.ts";
import type { Random } from "./random.ts";

/**
 * One file as the kernel and the disk see it: `#cache` is what reads show, `#disk` what a power loss leaves. A sector goes
 * from one to the other whole, when it is synced or when a crash says that it happened to be written.
 */
export class MemoryFile {
  #cache = new Uint8Array(0);
  #disk = new Uint8Array(0);
  #size = 0;
  #diskSize = 0;
  readonly #dirty = new Set<number>();

  get size(): number {
    return this.#size;
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + target.byteLength);
    if (end <= position) return 0;
    target.set(this.#cache.subarray(position, end));
    return end - position;
  }

  /** Bytes that a write would add to the file. */
  growth(bytes: number, position: number): number {
    return Math.max(0, position + bytes - this.#size);
  }

  /** Writes into the cache. `lost`: the sectors stay clean, so no sync ever writes them. */
  write(bytes: Uint8Array, position: number, lost: boolean): void {
    const end = position + bytes.byteLength;
    this.#grow(end);
    this.#cache.set(bytes, position);
    if (lost) return;
    for (const sector of sectorsOf(position, end)) this.#dirty.add(sector);
  }

  /** Cuts the file; a power loss may find it so or as it was, until it is synced. */
  truncate(bytes: number): void {
    if (bytes > this.#size) throw new Error(`a file of ${this.#size} bytes is not cut to ${bytes}`);
    this.#cache.fill(0, bytes, this.#size);
    this.#size = bytes;
    for (const sector of this.#dirty) if (sector * SECTOR_BYTES >= bytes) this.#dirty.delete(sector);
  }

  /** All that is dirty reaches the disk. */
  sync(): void {
    for (const sector of this.#dirty) this.#persist(sector);
    this.#dirty.clear();
    this.#diskSize = this.#size;
  }

  /** As Linux after a failed write-back: some sectors were written, and all count as clean from now on. */
  failSync(random: Random): void {
    this.persistSome(0, this.#size, random);
    this.#dirty.clear();
  }

  /** A random part of the range's dirty sectors reaches the disk. */
  persistSome(from: number, to: number, random: Random): void {
    for (const sector of sectorsOf(from, to)) {
      if (!this.#dirty.has(sector) || random() < 0.5) continue;
      this.#persist(sector);
      this.#diskSize = Math.max(this.#diskSize, Math.min(this.#size, (sector + 1) * SECTOR_BYTES));
    }
  }

  /** The file as read after a power loss. */
  afterPowerLoss(): MemoryFile {
    const file = new MemoryFile();
    file.#cache = this.#disk.slice();
    file.#disk = this.#disk.slice();
    file.#size = this.#diskSize;
    file.#diskSize = this.#diskSize;
    return file;
  }

  clone(): MemoryFile {
    const file = new MemoryFile();
    file.#cache = this.#cache.slice();
    file.#disk = this.#disk.slice();
    file.#size = this.#size;
    file.#diskSize = this.#diskSize;
    for (const sector of this.#dirty) file.#dirty.add(sector);
    return file;
  }

  #persist(sector: number): void {
    const from = sector * SECTOR_BYTES;
    this.#disk.set(this.#cache.subarray(from, from + SECTOR_BYTES), from);
  }

  #grow(end: number): void {
    this.#size = Math.max(this.#size, end);
    if (end <= this.#cache.byteLength) return;
    const bytes = sectorsUp(Math.max(end, this.#cache.byteLength * 2));
    const grown = (old: Uint8Array<ArrayBuffer>) => {
      const next = new Uint8Array(bytes);
      next.set(old);
      return next;
    };
    this.#cache = grown(this.#cache);
    this.#disk = grown(this.#disk);
  }
}

function* sectorsOf(from: number, to: number): Generator<number> {
  for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector++) yield sector;
}
