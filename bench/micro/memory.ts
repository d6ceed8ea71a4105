/** Row `memory`: what an account and a remembered command cost, by the growth of the process. */
import { Feed } from "./feed.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

const WARM_UP_FRAMES = 20;

/** Resident bytes, after what is garbage had its chance to go. */
function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function run({ environment }: RowContext): readonly Figure[] {
  const { accounts, horizon, bucket } = readSizes(environment, { commands: 1, horizon: 16_000_000 });
  const feed = new Feed({ bucket, horizon });
  // The first frames pay for compiled code and for the frame's own buffer.
  feed.upTo(feed.perFrame * WARM_UP_FRAMES, () => 0);
  const empty = residentBytes();
  const begun = feed.count;
  const least = begun + accounts + 2 * feed.perFrame;
  check(horizon >= least, `HORIZON must be at least ${least}: accounts are opened by commands that are remembered`);
  feed.upTo(begun + accounts, (id) => (id - begun) % accounts);
  const opened = residentBytes();
  const openedAt = feed.count;
  feed.upTo(horizon, (id) => id % accounts);
  const full = residentBytes();
  feed.check(accounts);
  const { remembered } = feed.machine.state;
  check(remembered.size === feed.count, `${feed.count} ids were given, but ${remembered.size} are remembered`);
  const perId = (full - opened) / (feed.count - openedAt);
  const perAccount = (opened - empty) / accounts - perId * ((openedAt - begun) / accounts);
  return [
    { what: `resident, ${accounts} accounts and ${feed.count} ids`, unit: "MiB", values: [full / 2 ** 20] },
    { what: "a remembered command: 20-byte id, with its result", unit: "bytes", values: [perId] },
    { what: "an account: 12-byte name", unit: "bytes", values: [perAccount] },
  ];
}

export const memory: Row = {
  id: "memory",
  title: "memory of accounts and remembered ids",
  excluded: "the gateway's thread and the rings; tables grow in steps, so a figure holds for its size",
  run,
};
