/**
 * Row `snapshot-stall`: the longest time without an answer under full load: while the tables grow from nothing, while a snapshot is
 * taken, and without either.
 */
import { verify } from "../../journal/index.ts";
import { Random } from "../records.ts";
import { GroupDriver } from "./group-driver.ts";
import { GROUP } from "./journal-file.ts";
import { readSizes } from "./sizes.ts";
import { check, type Figure, type Row, type RowContext } from "./types.ts";

/** Commands under way: few, so that frames are short, and a stall stands out from the time that a frame takes. */
const WINDOW_COMMANDS = 5000;

/** Milliseconds in which a spent snapshot of this size is surely deleted. */
const DELETION_MS = 4000;

/** Commands before the clock starts: they open these accounts and come back to them, so that the code for both is compiled. */
const WARM_UP_COMMANDS = 100_000;
const WARM_UP_ACCOUNTS = 25_000;

/** Watches the gaps between looks that found answers. */
class Gaps {
  #last = performance.now();
  longestMs = 0;

  readonly see = (now: number): void => {
    this.longestMs = Math.max(this.longestMs, now - this.#last);
    this.#last = now;
  };
}

interface Side {
  readonly gapMs: number;
  readonly rate: number;
}

async function run({ environment, folder }: RowContext): Promise<readonly Figure[]> {
  const sizes = readSizes(environment, { commands: 5_000_000, horizon: 1 });
  const { accounts, bucket, rounds, commands, ids } = sizes;
  const { driver } = await GroupDriver.open({ group: GROUP, directory: folder, bucket, window: WINDOW_COMMANDS });
  // The code is compiled first, the generator's too, so that growing tables are not charged with it. One function names the accounts
  // before and behind it: another one would have the generator compiled again.
  let span = WARM_UP_ACCOUNTS;
  const account = (id: number) => id % span;
  await new Load(driver, account, WARM_UP_COMMANDS).plain();
  span = accounts;
  const growing = await new Load(driver, account, Math.max(accounts, bucket, ids - WARM_UP_COMMANDS)).plain();
  const random = new Random(42);
  const load = new Load(driver, () => random.below(accounts), Math.ceil(commands / rounds));
  const quiet: Side[] = [];
  const busy: Side[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(await load.plain());
    busy.push(await load.withSnapshot());
  }
  await driver.check();
  await driver.stop();
  const found = verify(folder);
  check(found.ok, found.ok ? "" : `the journal is damaged: ${found.message}`);
  check(found.snapshots.length > 0 && found.snapshots.every(({ ok }) => ok), "every snapshot kept is whole");
  const figure = (what: string, unit: string, sides: readonly Side[], of: (side: Side) => number): Figure => {
    return { what, unit, values: sides.map(of) };
  };
  return [
    figure("longest gap between answers, no snapshot", "ms", quiet, ({ gapMs }) => gapMs),
    figure("longest gap between answers, snapshot", "ms", busy, ({ gapMs }) => gapMs),
    figure("longest gap between answers, tables growing", "ms", [growing], ({ gapMs }) => gapMs),
    figure("load without a snapshot", "M commands/s", quiet, ({ rate }) => rate),
    figure("load while the snapshot is written", "M commands/s", busy, ({ rate }) => rate),
    figure("load while the tables grow", "M commands/s", [growing], ({ rate }) => rate),
  ];
}

class Load {
  readonly #driver: GroupDriver;
  readonly #account: (id: number) => number;
  readonly #commands: number;

  constructor(driver: GroupDriver, account: (id: number) => number, commands: number) {
    this.#driver = driver;
    this.#account = account;
    this.#commands = commands;
  }

  plain(): Promise<Side> {
    const end = this.#driver.sent + this.#commands;
    return this.#measure(() => this.#driver.sent < end);
  }

  /** Load goes on as long as the snapshot takes, and a spent one's deletion behind it. */
  async withSnapshot(): Promise<Side> {
    const { sequence } = this.#driver;
    let isDone = false;
    const snapshot = this.#driver.snapshot().finally(() => {
      setTimeout(() => {
        isDone = true;
      }, DELETION_MS);
    });
    const [side, at] = await Promise.all([this.#measure(() => !isDone), snapshot]);
    check(at >= sequence && at <= this.#driver.sequence, `a snapshot asked for at ${sequence} is at ${at}`);
    return side;
  }

  async #measure(wantsMore: () => boolean): Promise<Side> {
    const gaps = new Gaps();
    const before = this.#driver.answered;
    const begin = performance.now();
    await this.#driver.driveWhile(wantsMore, this.#account, gaps.see);
    return { gapMs: gaps.longestMs, rate: (this.#driver.answered - before) / (performance.now() - begin) / 1000 };
  }
}

export const snapshotStall: Row = {
  id: "snapshot-stall",
  title: "answers while a snapshot is written, and while tables grow",
  excluded: "HTTP; gaps hold the scheduling of this machine too, so compare the two",
  run,
};
