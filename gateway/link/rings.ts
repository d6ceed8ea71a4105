/** The way to a group's thread and back: records into one ring, answers out of the other, and who waits for them between. */
import {
  makeRing,
  REPLY_RING_BYTES,
  type RecordMemory,
  RING_BYTES,
  RingConsumer,
  RingProducer,
  ringLayout,
} from "../../engine/index.ts";
import { PendingRequests, type Reply, type Waiting } from "./pending.ts";

const { ENTRY, ENTRY_HEAD_BYTES } = ringLayout;

/** Answers sent before the event loop looks for requests again. */
const REPLIES_PER_SLICE = 16;

export interface RingsOptions {
  /** Wakes the group's thread, which sleeps. */
  readonly wakeGroup: () => void;
  /** Told when all answers that are there have been handed out. */
  readonly onDrained: () => void;
  /** The group could not take control records, for want of disk. */
  readonly onControlRefused: () => void;
}

/** Nothing may be asked of it before the first `renew`. */
export class Rings {
  readonly #pending = new PendingRequests();
  readonly #options: RingsOptions;
  #commands!: RingProducer;
  #replies!: RingConsumer;
  #isDraining = false;
  #reply!: Reply;

  constructor(options: RingsOptions) {
    this.#options = options;
  }

  /** Makes new rings, for a new thread: what was in the old ones is gone. Throws where there is no memory for them. */
  renew(): { readonly commandRing: SharedArrayBuffer; readonly replyRing: SharedArrayBuffer } {
    const commandRing = makeRing(RING_BYTES);
    const replyRing = makeRing(REPLY_RING_BYTES);
    this.#commands = new RingProducer(commandRing);
    this.#replies = new RingConsumer(replyRing);
    this.#reply = { kind: 0, count: 0, sequence: 0, timeMs: 0, memory: this.#replies.memory, start: 0, end: 0 };
    return { commandRing, replyRing };
  }

  /** Bytes of records that fit into the ring. */
  get capacity(): number {
    return this.#commands.capacity;
  }

  /** Bytes of records that the group has not done with. */
  get usedBytes(): number {
    return this.#commands.usedBytes;
  }

  // To the group

  /** The ring's memory: what `claim` returns an offset in. */
  get memory(): RecordMemory {
    return this.#commands.memory;
  }

  /** True if a request whose answer takes so many bytes at most may be sent. */
  hasRoomForReply(bytes: number): boolean {
    return this.#pending.hasRoom(bytes);
  }

  /** Room in the ring for `bytes` of records, or -1 when it is too full. */
  claim(bytes: number): number {
    return this.#commands.claim(bytes);
  }

  /** Sends what was written at the last claim; `waiting` gets the answer, which takes `replyBytes` at most. */
  send(kind: number, bytes: number, count: number, waiting: Waiting, replyBytes: number): void {
    const token = this.#pending.add(waiting, replyBytes + ENTRY_HEAD_BYTES);
    this.#publish(kind, token, bytes, count);
    this.#lookLater();
  }

  /**
   * Sends control records written at the last claim. Nothing answers them, unless they are refused. `isFirst`: all that the group does not
   * know begins with them.
   */
  sendControls(bytes: number, count: number, isFirst: boolean): void {
    this.#publish(isFirst ? ENTRY.controlsBegin : ENTRY.control, 0, bytes, count);
  }

  #publish(kind: number, token: number, bytes: number, count: number): void {
    this.#commands.commit({ kind, token, count, sequence: 0, timeMs: 0 }, bytes);
    if (this.#commands.publish()) this.#options.wakeGroup();
  }

  // From the group

  /**
   * Stays awake until the event loop has handed over the requests that are there: what is answered meanwhile is found then, and the
   * group need not wake this thread, which costs both of them some 40 µs.
   */
  #lookLater(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#replies.stayAwake();
    setImmediate(this.#drainSlice);
  }

  /**
   * Takes answers, a slice at a time, until none is there; then waits to be woken. Between two slices the event loop reads requests,
   * so that a large frame's answers hold nobody up. It bounds that pause; the rate was the same with slices of 4 to 1,000.
   */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#drainSlice();
  }

  readonly #drainSlice = (): void => {
    const replies = this.#replies;
    for (let left = REPLIES_PER_SLICE; left > 0; left--) {
      const start = replies.next();
      if (start >= 0) this.#take(start);
      else if (replies.sleep()) {
        replies.release();
        this.#isDraining = false;
        this.#options.onDrained();
        return;
      }
    }
    replies.release();
    setImmediate(this.#drainSlice);
  };

  #take(start: number): void {
    const replies = this.#replies;
    const reply = this.#reply;
    const w = start >>> 2;
    const { words, floats } = replies.memory;
    const token = words[w + ringLayout.ENTRY_TOKEN]!;
    reply.kind = words[w + ringLayout.ENTRY_KIND]!;
    reply.count = words[w + ringLayout.ENTRY_COUNT]!;
    reply.sequence = floats[(w >>> 1) + ringLayout.ENTRY_SEQUENCE]!;
    reply.timeMs = floats[(w >>> 1) + ringLayout.ENTRY_TIME]!;
    reply.start = start + ENTRY_HEAD_BYTES;
    reply.end = start + words[w + ringLayout.ENTRY_UNITS]! * 8;
    replies.skip();
    if (reply.kind === ENTRY.controlRefused) this.#options.onControlRefused();
    else this.#pending.settle(token, reply);
  }

  /** Tells requests that have waited too long. */
  expire(): void {
    this.#pending.expire(performance.now());
  }

  /** The thread is gone. What it has answered is handed out: it is durable. Who waits for more is told that nothing will come. */
  lose(): void {
    for (let start = this.#replies.next(); start >= 0; start = this.#replies.next()) this.#take(start);
    this.#replies.release();
    this.#pending.loseAll();
  }
}
