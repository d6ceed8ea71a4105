/** Settings of benchmarks: environment variables that hold whole numbers, and folders that are taken away again. */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join, resolve } from "node:path";

/** A setting that cannot be used; the message is one plain line. */
export class SettingError extends Error {
  override name = "SettingError";
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A whole number from `min` to `max`, or `unless` when it is not set. An empty variable counts as not set: make passes those. */
export function integer(
  environment: Environment,
  name: string,
  { unless, min, max }: { readonly unless: number; readonly min: number; readonly max: number },
): number {
  const text = environment[name] ?? "";
  if (text === "") return unless;
  const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new SettingError(`${name}=${text} is refused: it must be a whole number from ${min} to ${max}`);
}

/** `statfs` types of file systems that live in memory: a sync there costs nothing, so its figures would mislead. */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6];

/** A new folder below DATA, or below `bench/out`: not the system's temporary folder, which may lie in memory. */
export function makeFolder(environment: Environment): string {
  const parent = resolve(environment.DATA || join(import.meta.dirname, "out"));
  mkdirSync(parent, { recursive: true });
  if (MEMORY_FILE_SYSTEMS.includes(statfsSync(parent).type)) {
    throw new SettingError(`${parent} lies in memory, where a sync costs nothing; set DATA to a folder on a disk`);
  }
  return mkdtempSync(join(parent, "run-"));
}

/** Runs `work` with a new folder and removes the folder, also when the process is interrupted meanwhile. */
export async function withFolder<T>(environment: Environment, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeFolder(environment);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    return await work(folder);
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}
