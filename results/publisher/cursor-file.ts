/**
 * Remembers beside the journal how far a group was published. The topic's last record says the same, and counts; the file serves
 * where retention has emptied the partition, and shows that a topic was lost. It may be behind, which only means repeats.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

export interface Cursor {
  readonly topic: string;
  /** 32 hex digits. */
  readonly journal: string;
  /** The last sequence published, and the offset of the record that holds it. */
  readonly sequence: number;
  readonly offset: bigint;
}

export const CURSOR_FILE = "published.json";

export class CursorFile {
  readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, CURSOR_FILE);
  }

  /** Undefined if there is none, or none that can be read. */
  read(): Cursor | undefined {
    try {
      const found: unknown = JSON.parse(readFileSync(this.path, "utf8"));
      return asCursor(found);
    } catch {
      return undefined;
    }
  }

  /** Replaces the file whole. */
  write({ topic, journal, sequence, offset }: Cursor): void {
    const partial = `${this.path}.tmp`;
    const file = openSync(partial, "w", 0o600);
    try {
      writeSync(file, `${JSON.stringify({ topic, journal, sequence, offset: offset.toString() })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(partial, this.path);
  }
}

function asCursor(found: unknown): Cursor | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { topic, journal, sequence, offset } = found as { readonly [key: string]: unknown };
  if (typeof topic !== "string" || typeof journal !== "string") return undefined;
  if (!Number.isSafeInteger(sequence) || typeof offset !== "string" || !/^\d+$/.test(offset)) return undefined;
  return { topic, journal, sequence: sequence as number, offset: BigInt(offset) };
}
