import { dirname, join } from "node:path";
import type { FileLayer, Handle, OpenMode } from "../file-layer.ts";
import { MemoryFile } from "./memory-file.ts";
import { type Random, seeded } from "./random.ts";

/**
 * What is left after the end of a process. `process`: the kernel lived on, so all it was told is there. `power`: only what
 * was synced. `tear`: that, and a random part of the rest; names change in the order in which they were changed.
 */
export const SURVIVALS = ["process", "power", "tear"] as const;
export type Survival = (typeof SURVIVALS)[number];

type NameChange =
  | { readonly directory: string; readonly kind: "put"; readonly path: string; readonly file: MemoryFile }
  | { readonly directory: string; readonly kind: "remove"; readonly path: string };

/** The system's error, as node:fs would throw it. */
export function systemError(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: ${call}`), { code });
}

/** A disk in memory with the kernel's page cache over it. The folder `/` is there; all others are made. */
export class MemoryDisk implements FileLayer {
  /** Bytes that files may take together; writes that would grow a file beyond it throw ENOSPC. */
  capacityBytes: number = Number.POSITIVE_INFINITY;
  #names = new Map<string, MemoryFile>();
  #diskNames = new Map<string, MemoryFile>();
  #pending: NameChange[] = [];
  /** Folder → true once its parent was synced. */
  #folders = new Map<string, boolean>([["/", true]]);
  readonly #handles = new Map<Handle, MemoryFile>();
  #lastHandle = 0;

  get openHandles(): number {
    return this.#handles.size;
  }

  open(path: string, mode: OpenMode): Handle {
    const known = this.#names.get(path);
    if (mode === "create" && known !== undefined) throw systemError("EEXIST", `open ${path}`);
    if (mode !== "create" && known === undefined) throw systemError("ENOENT", `open ${path}`);
    if (!this.#folders.has(dirname(path))) throw systemError("ENOENT", `open ${path}`);
    const file = known ?? new MemoryFile();
    if (known === undefined) this.#put(path, file);
    this.#handles.set(++this.#lastHandle, file);
    return this.#lastHandle;
  }

  close(handle: Handle): void {
    this.fileOf(handle);
    this.#handles.delete(handle);
  }

  size(handle: Handle): number {
    return this.fileOf(handle).size;
  }

  read(handle: Handle, target: Uint8Array, position: number): number {
    return this.fileOf(handle).read(target, position);
  }

  write(handle: Handle, bytes: Uint8Array, position: number): number {
    const file = this.fileOf(handle);
    if (file.growth(bytes.byteLength, position) > this.freeBytes()) throw systemError("ENOSPC", "write");
    file.write(bytes, position, false);
    return bytes.byteLength;
  }

  datasync(handle: Handle): void {
    this.fileOf(handle).sync();
  }

  list(directory: string): string[] {
    if (!this.#folders.has(directory)) throw systemError("ENOENT", `scandir ${directory}`);
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1));
  }

  mkdir(directory: string): void {
    if (this.#folders.has(directory)) return;
    this.mkdir(dirname(directory));
    this.#folders.set(directory, false);
  }

  rename(from: string, to: string): void {
    const file = this.#names.get(from);
    if (file === undefined) throw systemError("ENOENT", `rename ${from}`);
    this.#remove(from);
    this.#put(to, file);
  }

  unlink(path: string): void {
    if (!this.#names.has(path)) throw systemError("ENOENT", `unlink ${path}`);
    this.#remove(path);
  }

  syncDirectory(directory: string): void {
    this.#persistNames((change) => change.directory === directory);
    for (const folder of this.#folders.keys()) {
      if (dirname(folder) === directory) this.#folders.set(folder, true);
    }
  }

  freeBytes(): number {
    let used = 0;
    for (const file of this.#names.values()) used += file.size;
    return this.capacityBytes - used;
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
    this.fileOf(handle).truncate(bytes);
  }

  async syncDirectoryInBackground(directory: string): Promise<void> {
    this.syncDirectory(directory);
  }

  async unlinkInBackground(path: string): Promise<void> {
    this.unlink(path);
  }

  /** The file behind a handle, for the layer that injects faults. */
  fileOf(handle: Handle): MemoryFile {
    const file = this.#handles.get(handle);
    if (file === undefined) throw systemError("EBADF", `handle ${handle}`);
    return file;
  }

  /** Whole content of a file, for tests that look or flip. */
  content(path: string): Uint8Array {
    const file = this.#names.get(path);
    if (file === undefined) throw systemError("ENOENT", path);
    const bytes = new Uint8Array(file.size);
    file.read(bytes, 0);
    return bytes;
  }

  /** Replaces or makes a file, durably, as someone from outside would. */
  place(path: string, bytes: Uint8Array): void {
    const file = new MemoryFile();
    file.write(bytes, 0, false);
    file.sync();
    this.#names.set(path, file);
    this.#diskNames.set(path, file);
  }

  /** The disk as the next process finds it. This one is left as it is. */
  survivor(survival: Survival, seed: number): MemoryDisk {
    const disk = this.clone();
    if (survival === "process") return disk;
    if (survival === "tear") disk.#tear(seeded(seed));
    const after = new MemoryDisk();
    after.capacityBytes = disk.capacityBytes;
    for (const [folder, durable] of disk.#folders) if (durable) after.#folders.set(folder, true);
    for (const [path, file] of disk.#diskNames) {
      if (!after.#folders.has(dirname(path))) continue;
      const left = file.afterPowerLoss();
      after.#names.set(path, left);
      after.#diskNames.set(path, left);
    }
    return after;
  }

  clone(): MemoryDisk {
    const disk = new MemoryDisk();
    const copies = new Map<MemoryFile, MemoryFile>();
    const copy = (file: MemoryFile) => {
      const made = copies.get(file) ?? file.clone();
      copies.set(file, made);
      return made;
    };
    disk.capacityBytes = this.capacityBytes;
    disk.#names = new Map([...this.#names].map(([path, file]) => [path, copy(file)]));
    disk.#diskNames = new Map([...this.#diskNames].map(([path, file]) => [path, copy(file)]));
    disk.#pending = this.#pending.map((change) =>
      change.kind === "put" ? { ...change, file: copy(change.file) } : change,
    );
    disk.#folders = new Map(this.#folders);
    return disk;
  }

  #tear(random: Random): void {
    const files = new Set([...this.#names.values(), ...this.#diskNames.values()]);
    for (const file of files) file.persistSome(0, file.size, random);
    let left = Math.floor(random() * (this.#pending.length + 1));
    this.#persistNames(() => left-- > 0);
    for (const folder of this.#folders.keys()) if (random() < 0.5) this.#folders.set(folder, true);
  }

  #persistNames(chosen: (change: NameChange) => boolean): void {
    this.#pending = this.#pending.filter((change) => {
      if (!chosen(change)) return true;
      if (change.kind === "put") this.#diskNames.set(change.path, change.file);
      else this.#diskNames.delete(change.path);
      return false;
    });
  }

  #put(path: string, file: MemoryFile): void {
    this.#names.set(path, file);
    this.#pending.push({ directory: dirname(path), kind: "put", path, file });
  }

  #remove(path: string): void {
    this.#names.delete(path);
    this.#pending.push({ directory: dirname(path), kind: "remove", path });
  }
}

/** Full paths of a folder's files, sorted. */
export function filesIn(disk: MemoryDisk, directory: string): string[] {
  return disk
    .list(directory)
    .sort()
    .map((file) => join(directory, file));
}
