/** Snapshots as a place to start reading from. */
import { join } from "node:path";
import {
  AccountFinder,
  type AccountState,
  namesInChunk,
  type SnapshotNames,
  type StateChunk,
} from "../engine/index.ts";
import {
  DamageError,
  type FileLayer,
  findSnapshots,
  isGone,
  readSnapshot,
  readSnapshotHeader,
  type SnapshotMeta,
} from "../journal/index.ts";
import type { AccountKey } from "./types.ts";

/** A snapshot whose header is valid. */
export interface SnapshotFile {
  readonly path: string;
  /** The last sequence included. */
  readonly sequence: number;
  readonly meta: SnapshotMeta;
}

/** Newest first; those whose header is damaged, or that retention deleted meanwhile, are left out. */
export function listSnapshots(layer: FileLayer, directory: string): SnapshotFile[] {
  return findSnapshots(layer, directory).flatMap(({ file, sequence }) => {
    const path = join(directory, file);
    const meta = unlessGone(() => readSnapshotHeader(layer, path));
    return meta === undefined ? [] : [{ path, sequence, meta }];
  });
}

/** The value, or undefined where the file is not there any more. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Thrown out of a read to end it early. */
const ENOUGH = Symbol("enough");

/**
 * Hands out chunks until `take` returns true. Each chunk's CRC is checked before it is handed out, so what was read before
 * the end may be relied upon. Returns false if the snapshot is damaged or gone.
 */
function readChunks(layer: FileLayer, path: string, take: (chunk: StateChunk) => boolean): boolean {
  const read = () => {
    try {
      readSnapshot(layer, path, (tag, index, bytes) => {
        if (take({ tag, index, bytes })) throw ENOUGH;
      });
      return true;
    } catch (error) {
      if (error === ENOUGH) return true;
      if (error instanceof DamageError) return false;
      throw error;
    }
  };
  return unlessGone(read) ?? false;
}

/** The names that a snapshot knows, or undefined if it cannot be read. */
export function snapshotNames(layer: FileLayer, path: string): SnapshotNames | undefined {
  let names: SnapshotNames | undefined;
  readChunks(layer, path, (chunk) => {
    names = namesInChunk(chunk);
    return true;
  });
  return names;
}

/** The account in a snapshot (undefined inside: it has none of that name), or undefined if the snapshot cannot be read. */
export function snapshotAccount(
  layer: FileLayer,
  path: string,
  key: AccountKey,
): { readonly account: AccountState | undefined } | undefined {
  const finder = new AccountFinder(key);
  return readChunks(layer, path, (chunk) => finder.add(chunk)) ? { account: finder.found } : undefined;
}

/** One sentence for each snapshot that is damaged; undefined if all are whole. */
export function damagedSnapshots(layer: FileLayer, directory: string): string | undefined {
  const faults = findSnapshots(layer, directory).flatMap(({ file }) => {
    try {
      unlessGone(() => readSnapshot(layer, join(directory, file), () => {}));
      return [];
    } catch (error) {
      if (error instanceof DamageError) return [error.message];
      throw error;
    }
  });
  return faults.length === 0 ? undefined : faults.join(" ");
}
