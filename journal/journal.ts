import { assert } from "../engine/index.ts";
import { hasZeroSector, SECTOR_BYTES, viewOf } from "./bytes.ts";
import { errorCode, errorText, JournalError } from "./errors.ts";
import type { JournalEvent } from "./events.ts";
import { type FileLayer, type Handle, writeFully } from "./file-layer.ts";
import {
  advance,
  type ChainState,
  type FrameInfo,
  frameExtent,
  frameHash,
  headerFault,
  linkFault,
  makeSeal,
  sealFrame,
} from "./frame.ts";
import {
  RETRY_AFTER_IDLES,
  SEGMENT_BYTES_DEFAULT,
  SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_MIN,
  SLICE_BYTES,
  SLICE_BYTES_MAX,
} from "./limits.ts";
import { nodeLayer } from "./node-layer.ts";
import { create, type Place, recover, useSegment } from "./opening.ts";
import type { JournalOptions } from "./options.ts";
import { Preparation } from "./preparation.ts";
import type { OnFrame, Position } from "./scan.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";

/**
 * The journal of one group: appends frames durably, in order, by one thread.
 *
 * Its states: *alive* until the first failed call, *dead* from then on. A dead journal never touches its files again (I9: a
 * failed sync is not retried); the group recovers by opening a new one, from what is readable then.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #layer: FileLayer;
  readonly #chain: ChainState;
  readonly #segmentBytes: number;
  #handle: Handle;
  #number: number;
  /** Bytes of the present segment. */
  #size: number;
  /** Where the next frame goes; a multiple of a sector. */
  #offset: number;
  #next: Preparation | undefined;
  #retryIn = 0;
  #dead: JournalError | undefined;
  #closed = false;

  private constructor(options: JournalOptions, place: Place) {
    this.#options = options;
    this.#layer = options.layer ?? nodeLayer;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    this.#chain = place.chain;
    this.#handle = place.handle;
    this.#number = place.number;
    this.#size = place.size;
    this.#offset = place.offset;
  }

  /**
   * Opens the journal in `options.directory`, or makes one. Hands every frame behind `from` (or all) to `onFrame`, in order;
   * `position` is the place right behind the frame. A torn tail is cut and reported by a `cut` event.
   * Throws DamageError if the journal is damaged or does not fit `from`, JournalError if a file call fails.
   */
  static open(options: JournalOptions, from: Position | undefined, onFrame: OnFrame): Journal {
    const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    assert(segmentBytes % SECTOR_BYTES === 0, "a segment is whole sectors");
    assert(segmentBytes >= SEGMENT_BYTES_MIN && segmentBytes <= SEGMENT_BYTES_MAX, "segmentBytes lies in its range");
    try {
      return new Journal(options, recover(options, from, onFrame) ?? create(options, segmentBytes));
    } catch (error) {
      throw JournalError.from(error, "a file call of the journal failed");
    }
  }

  /** 16 random bytes made with the journal; in every segment and frame. */
  get journalId(): Uint8Array {
    return this.#chain.journalId;
  }

  /** Sequence that the next frame must begin with. */
  get nextSequence(): number {
    return this.#chain.nextSequence;
  }

  /** SHA-256 of the last frame, 32 bytes; zeros before the first. */
  get chainHash(): Uint8Array {
    return this.#chain.chainHash;
  }

  /** The place behind the last frame; a snapshot of the state at this point is recovered from here. */
  get position(): Position {
    const { nextSequence, chainHash } = this.#chain;
    return { segment: this.#number, offset: this.#offset, nextSequence, chainHash };
  }

  /** Why the journal is dead, or undefined. */
  get failure(): JournalError | undefined {
    return this.#dead;
  }

  /**
   * Appends one frame and returns when it is durable. `frame` holds FRAME_HEADER_BYTES to be filled here, then
   * `info.bodyBytes` of records, and is at least `frameExtent(info.bodyBytes)` long; what is behind is not touched.
   * Throws JournalError (or InvariantError), after which the journal is dead and the frame may or may not be on disk.
   */
  append(frame: Uint8Array, info: FrameInfo): void {
    this.#assertAlive();
    try {
      this.#append(frame, info);
    } catch (error) {
      throw this.#die(error);
    }
  }

  #append(frame: Uint8Array, info: FrameInfo): void {
    const extent = frameExtent(info.bodyBytes);
    assert(frame.byteLength >= extent, "a frame's buffer has room for its padding: see frameExtent");
    const sealed = frame.subarray(0, extent);
    if (!this.#fits(extent)) this.#rotate(extent);
    sealFrame(sealed, info, this.#chain);
    const view = viewOf(sealed);
    // Not the body's CRC, which sealing has just made from these bytes: a second pass took 2 % of a group's time.
    const fault = headerFault(sealed, view, 0) ?? linkFault(sealed, view, 0, this.#chain);
    assert(fault === undefined, `a frame is valid and linked before it is written, not ${fault}`);
    assert(
      !hasZeroSector(sealed, 0, extent),
      "no sector of a frame is all zeros: recovery tells torn from damaged by it",
    );
    writeFully(this.#layer, this.#handle, sealed, this.#offset);
    this.#layer.datasync(this.#handle);
    this.#offset += extent;
    advance(this.#chain, info, frameHash(sealed, 0, info.bodyBytes));
  }

  /**
   * True if a frame with so large a body can be appended without asking the disk for more room. Finishes the next segment on
   * the spot if need be; false if there is no room for it: the group then takes no commands, and the journal lives on.
   */
  ensureRoom(bodyBytes: number): boolean {
    this.#assertAlive();
    const extent = frameExtent(bodyBytes);
    if (this.#fits(extent)) return true;
    try {
      // Asked first, because writing until the disk says no takes a while, and a full disk is asked again and again.
      if (this.freeBytes() < this.#nextBytes(extent) - (this.#next?.filled ?? 0)) return false;
      this.#fillNext(extent);
      return true;
    } catch (error) {
      this.#giveUpNext(error);
      return false;
    }
  }

  /** Bytes that may still be written to the file system of the journal. */
  freeBytes(): number {
    return this.#layer.freeBytes(this.#options.directory);
  }

  /**
   * Called by the group's loop between frames: fills a bounded slice of the next segment, about 0.1 ms. Never throws for a
   * full or failing disk: that is told by a `prepare-failed` event, and tried again later.
   */
  idle(): void {
    if (this.#dead !== undefined) return;
    if (this.#retryIn > 0) {
      this.#retryIn--;
      return;
    }
    try {
      this.#next ??= this.#prepare(this.#segmentBytes);
      if (this.#next.fault !== undefined) throw this.#next.fault;
      if (!this.#next.ready) this.#next.step(this.#sliceBytes(this.#next));
    } catch (error) {
      this.#giveUpNext(error);
    }
  }

  /** Gives the files back, of a dead journal too. What was appended is durable already. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dead ??= new JournalError("DEAD", "the journal is closed");
    this.#next?.abandon();
    this.#layer.close(this.#handle);
  }

  #fits(extent: number): boolean {
    return this.#offset + extent + SECTOR_BYTES <= this.#size;
  }

  /** Enough that the next segment is full before the present one is, at whatever size frames come. */
  #sliceBytes(next: Preparation): number {
    const wanted = (this.#offset / this.#size) * 1.25 * next.segmentBytes - next.filled;
    const bytes = Math.max(SLICE_BYTES, Math.min(wanted, SLICE_BYTES_MAX));
    return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
  }

  #prepare(segmentBytes: number): Preparation {
    const { directory } = this.#options;
    return new Preparation({ layer: this.#layer, directory, number: this.#number + 1, segmentBytes });
  }

  /** Bytes of the next segment if it must hold a frame of `extent` bytes. */
  #nextBytes(extent: number): number {
    return Math.max(this.#segmentBytes, SEGMENT_HEADER_BYTES + extent + SECTOR_BYTES);
  }

  /** Completes the next segment, large enough for a frame of `extent` bytes. */
  #fillNext(extent: number): Preparation {
    const needed = this.#nextBytes(extent);
    if (this.#next?.fault !== undefined) {
      this.#next.abandon();
      this.#next = undefined;
    }
    this.#next ??= this.#prepare(needed);
    this.#next.fill(needed);
    return this.#next;
  }

  #giveUpNext(error: unknown): void {
    this.#next?.abandon();
    this.#next = undefined;
    this.#retryIn = RETRY_AFTER_IDLES;
    this.#tell({ kind: "prepare-failed", code: errorCode(error), message: errorText(error) });
  }

  /**
   * Goes on in the next segment. Order matters: the next segment is durable under its name before the present one is sealed,
   * and sealed before the first frame goes to the next; recovery's rows A, B, G and H rest on it.
   */
  #rotate(extent: number): void {
    const ready = this.#next?.ready === true;
    const next = this.#fillNext(extent);
    const { segmentBytes } = next;
    const handle = next.take();
    this.#next = undefined;
    let file: string;
    try {
      const chain = this.#chain;
      file = useSegment(this.#options, handle, { chain, number: this.#number + 1, segmentBytes });
      writeFully(this.#layer, this.#handle, makeSeal(chain, this.#number + 1), this.#offset);
      this.#layer.datasync(this.#handle);
      this.#layer.close(this.#handle);
    } catch (error) {
      this.#layer.close(handle);
      throw error;
    }
    this.#handle = handle;
    this.#number++;
    this.#size = segmentBytes;
    this.#offset = SEGMENT_HEADER_BYTES;
    this.#tell({ kind: "segment", file, ready });
  }

  #tell(event: JournalEvent): void {
    this.#options.onEvent?.(event);
  }

  #assertAlive(): void {
    const cause = this.#dead;
    if (cause !== undefined) throw new JournalError("DEAD", `the journal is dead: ${cause.message}`, cause);
  }

  #die(error: unknown): Error {
    const thrown = JournalError.from(error, "a file call of the journal failed");
    this.#dead = thrown instanceof JournalError ? thrown : new JournalError("DEAD", thrown.message, thrown);
    return thrown;
  }
}
