import { describe, expect, test } from "vitest";
import { type BlockSource, PLAIN_BLOCKS } from "./arena.ts";
import { hashWords, nameWords } from "./hash.ts";
import { CHUNK_BYTES } from "./log-chunk.ts";
import { viewMemory } from "./memory.ts";
import { Random } from "./model/random.ts";
import { type Command, encodeCommand } from "./record-codec.ts";
import * as record from "./record-words.ts";
import { Remembered, type TagOf } from "./remembered.ts";

/** Further apart in time than this, two commands do not stand in one chunk. */
const CHUNK_SPAN_MS = 2 ** 32;

const tagOf: TagOf = (_, words, idStart, idBytes) => hashWords(words, idStart, nameWords(idBytes), 7);

/** Remembered commands, written and looked for by id; each has the next sequence. */
class Log {
  readonly remembered: Remembered;
  readonly forgottenHolds: string[] = [];
  readonly #memory = viewMemory(new ArrayBuffer(1024));
  #sequence = 0;

  constructor(blocks: BlockSource = PLAIN_BLOCKS, chunksFull?: number) {
    this.remembered = new Remembered(blocks, chunksFull);
  }

  /** `skipped`: sequences before it that are not remembered. Returns its place. */
  add(id: string, more: Partial<Command> & { timeMs?: number; skipped?: number } = {}): number {
    const { timeMs = 0, skipped = 0, ...fields } = more;
    const command = { type: "freeze", partner: 1, currency: 1, id, account: "a", ...fields } as const;
    const bytes = encodeCommand(command, this.#memory.bytes, 0);
    this.#sequence += 1 + skipped;
    return this.remembered.add(this.#tag(), this.#sequence, timeMs, this.#memory, 0, bytes);
  }

  /** Sequence of the command of this id, 0 if it is not found. */
  find(id: string): number {
    encodeCommand({ type: "freeze", partner: 1, currency: 1, id, account: "a" }, this.#memory.bytes, 0);
    const { words } = this.#memory;
    const place = this.remembered.find(this.#tag(), 1, words, record.idWord(words, 0), id.length);
    return place === 0 ? 0 : this.remembered.sequenceOf(place);
  }

  #tag(): number {
    const { words } = this.#memory;
    return tagOf(1, words, record.idWord(words, 0), record.idBytes(words, 0));
  }

  /** Forgets all but the last `kept` sequences. */
  keep(kept: number): void {
    this.remembered.forget(this.#sequence - kept, (words, w) => {
      this.forgottenHolds.push(String.fromCharCode(words[w + record.idWord(words, w)]! & 0xff));
    });
  }

  rewind(act: () => void): void {
    const end = this.remembered.end();
    const sequence = this.#sequence;
    act();
    this.remembered.rewind(end, tagOf);
    this.#sequence = sequence;
  }

  /** What a snapshot of it is loaded as. */
  copy(): Remembered {
    const copy = new Remembered(PLAIN_BLOCKS);
    copy.beginLoad(0);
    for (const image of this.remembered.beginCapture()) copy.loadChunk(image, tagOf, () => {});
    copy.endLoad();
    this.remembered.endCapture();
    return copy;
  }

  /** Commands of a snapshot. */
  ids(): number {
    return this.copy().size;
  }
}

describe("a forgotten command", () => {
  test("is not found, and the others are, whether the index still holds it or not", () => {
    const log = new Log();
    for (let i = 1; i <= 40_000; i++) {
      log.add(`id-${i}`);
      if (i % 100 === 0) log.keep(3000);
      if (i % 2500 !== 0) continue;
      for (let back = 0; back < 9000 && back < i; back++) {
        expect(log.find(`id-${i - back}`)).toBe(back < 3000 ? i - back : 0);
      }
    }
    expect(log.remembered.size).toBe(3000);
    expect(log.ids()).toBe(3000);
  });

  test("gives its id free: the next command of that id is found, and forgotten in its turn", () => {
    const log = new Log();
    for (let round = 0; round < 5; round++) {
      log.add("again");
      log.add(`other-${round}`);
      expect(log.find("again")).toBe(round * 2 + 1);
      log.keep(1);
      expect(log.find("again")).toBe(0);
      expect(log.find(`other-${round}`)).toBe(round * 2 + 2);
    }
    expect(log.remembered.size).toBe(1);
  });

  test("is told of once if it is a hold, in order", () => {
    const log = new Log();
    for (const id of "abcdef") log.add(id, { type: id < "d" ? "hold" : "freeze" });
    log.keep(4);
    expect(log.forgottenHolds.join("")).toBe("ab");
    log.keep(4);
    log.keep(0);
    expect(log.forgottenHolds.join("")).toBe("abc");
  });

  test("sets the horizon's time, and the next one is the oldest", () => {
    const log = new Log();
    for (let i = 1; i <= 10; i++) log.add(`id-${i}`, { timeMs: i * 1000 });
    expect([log.remembered.horizonTimeMs, log.remembered.oldestTimeMs]).toEqual([-1, 1000]);
    log.keep(6);
    expect([log.remembered.horizonTimeMs, log.remembered.oldestTimeMs]).toEqual([4000, 5000]);
    log.keep(0);
    expect([log.remembered.horizonTimeMs, log.remembered.oldestTimeMs]).toEqual([10_000, undefined]);
  });
});

test("size counts what is remembered, through forgetting, rewinding and an empty log", () => {
  const log = new Log();
  const sizes: number[] = [];
  const note = () => sizes.push(log.remembered.size, log.ids());
  note();
  for (let i = 1; i <= 10; i++) log.add(`id-${i}`);
  note();
  log.rewind(() => {
    for (let i = 1; i <= 5; i++) log.add(`undone-${i}`, { timeMs: i * CHUNK_SPAN_MS });
    note();
  });
  note();
  expect(log.find("undone-3")).toBe(0);
  log.keep(6);
  log.keep(0);
  note();
  log.add("id-1");
  note();
  expect(sizes).toEqual([0, 0, 10, 10, 15, 15, 10, 10, 0, 0, 1, 1]);
});

test("commands are found, and forgotten ones are not, while chunk numbers go round", () => {
  const log = new Log();
  // What is looked for was forgotten just now, up to two sweeps ago, or when the numbers were the same.
  const ages = [3, 4, 100, 2047, 4095, 4097, 5000, 9000, 12_000, 28_000, 28_673, 32_767, 32_768, 32_769, 40_000];
  const wrong: string[] = [];
  for (let i = 1; i <= 45_000; i++) {
    // One command a chunk.
    log.add(`id-${i}`, { timeMs: i * CHUNK_SPAN_MS });
    log.keep(3);
    for (const age of ages) if (age < i && log.find(`id-${i - age}`) !== 0) wrong.push(`${i - age} at ${i}`);
    for (let age = 0; age < 3 && age < i; age++) if (log.find(`id-${i - age}`) !== i - age) wrong.push(`no ${i - age}`);
  }
  expect(wrong).toEqual([]);
  expect(log.remembered.size).toBe(3);
  // Used-up chunks are taken again.
  expect(log.remembered.bytes).toBeLessThan(16 * CHUNK_BYTES);
});

test("when all commands are forgotten and the last one ended with its chunk, none is found", () => {
  const log = new Log();
  // Entries that a chunk takes: the next one goes to another chunk.
  const counted = new Log();
  let entries = -1;
  for (; counted.remembered.end().chunk < 1; entries++) counted.add(`a${100_000 + entries}`);
  const fill = (mark: string) => {
    for (let i = 1; i < entries; i++) log.add(`${mark}${100_000 + i}`);
    log.add(`${mark}-last`);
  };
  for (const [chunk, mark] of ["a", "b", "c", "d"].entries()) {
    fill(mark);
    expect(log.remembered.end().chunk).toBe(chunk);
    log.keep(0);
    expect(log.remembered.size).toBe(0);
    expect([mark, log.find(`${mark}100007`), log.find(`${mark}-last`)]).toEqual([mark, 0, 0]);
  }
});

test("each command keeps its sequence and time, whatever lies between it and the one before, also in a snapshot", () => {
  const random = new Random(11);
  const log = new Log();
  const expected = new Map<number, { sequence: number; timeMs: number }>();
  let sequence = 0;
  let timeMs = 1_790_000_000_000;
  for (let i = 0; i < 60_000; i++) {
    // Runs longer and shorter than a mark's 64, times that stand still, steps that end a chunk.
    const skipped = random.below(100) === 0 ? random.below(5) : 0;
    if (random.below(50) === 0) timeMs += random.below(3);
    if (random.below(20_000) === 0) timeMs += CHUNK_SPAN_MS;
    if (random.below(200) === 0) {
      log.rewind(() => {
        for (let more = random.below(300); more > 0; more--) log.add(`undone-${more}`, { timeMs: timeMs + (more & 1) });
      });
    }
    sequence += 1 + skipped;
    expected.set(log.add(`id-${i}`, { timeMs, skipped }), { sequence, timeMs });
  }
  const found = (from: Remembered) =>
    [...expected.keys()].map((place) => ({ sequence: from.sequenceOf(place), timeMs: from.timeOf(place) }));
  expect(found(log.remembered)).toEqual([...expected.values()]);
  expect(found(log.copy())).toEqual([...expected.values()]);
});

test("a snapshot's log goes on where it ended", () => {
  const log = new Log();
  for (let i = 1; i <= 100; i++) log.add(`id-${i}`, { timeMs: 5, type: i % 25 === 0 ? "hold" : "freeze" });
  const copy = log.copy();
  const place = log.add("next", { timeMs: 5 });
  expect(log.remembered.sequenceOf(place)).toBe(101);
  let holds = 0;
  copy.forget(60, () => holds++);
  expect([copy.size, copy.oldestTimeMs, holds]).toEqual([40, 5, 2]);
  copy.forget(100, () => holds++);
  expect([copy.size, holds]).toEqual([0, 4]);
});

/** A log, and how many blocks of memory it and its index were given so far. */
function countedLog() {
  let blocks = 0;
  const make = (bytes: number) => {
    blocks++;
    return PLAIN_BLOCKS.make(bytes);
  };
  return { log: new Log({ ...PLAIN_BLOCKS, make }), made: () => blocks };
}

test("chunks that were used up during a snapshot are taken again behind it", () => {
  const { log, made } = countedLog();
  // A chunk a command; ten are used up in each snapshot.
  let chunk = 0;
  const move = (count: number) => {
    for (let left = count; left > 0; left--) {
      log.add(`id-${++chunk}`, { timeMs: chunk * CHUNK_SPAN_MS });
      log.keep(3);
    }
  };
  for (let snapshot = 0; snapshot < 20; snapshot++) {
    move(5);
    log.remembered.beginCapture();
    move(10);
    log.remembered.endCapture();
  }
  // One for the index, one for the log.
  expect(made()).toBe(2);
});

test("chunks of undone buckets are taken again", () => {
  const { log, made } = countedLog();
  log.add("first");
  for (let round = 0; round < 200; round++) {
    log.rewind(() => {
      log.add(`a-${round}`, { timeMs: CHUNK_SPAN_MS });
      log.add(`b-${round}`, { timeMs: 3 * CHUNK_SPAN_MS });
    });
  }
  // One for the index, one for the log.
  expect(made()).toBe(2);
  expect([log.remembered.size, log.ids(), log.find("b-7")]).toEqual([1, 1, 0]);
});

test("when more of the log than the index keeps apart is forgotten at once, no forgotten id is found", () => {
  const log = new Log();
  const chunks = 5000;
  for (let i = 0; i < chunks; i++) log.add(`id-${i}`, { timeMs: i * CHUNK_SPAN_MS });
  log.keep(10);
  for (let i = 0; i < chunks; i++) expect(log.find(`id-${i}`)).toBe(i < chunks - 10 ? 0 : i + 1);
});

test("a log without room forgets its oldest commands, whatever the horizon, and says when those were", () => {
  const log = new Log(PLAIN_BLOCKS, 20);
  for (let i = 0; i < 100; i++) {
    log.add(`id-${i}`, { timeMs: i * CHUNK_SPAN_MS });
    log.keep(1000);
  }
  expect(log.remembered.size).toBe(20);
  expect([log.find("id-79"), log.find("id-80")]).toEqual([0, 81]);
  expect(log.remembered.horizonTimeMs).toBe(79 * CHUNK_SPAN_MS);
});
