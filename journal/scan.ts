/**
 * Reads a journal from a position to its end, checks every frame and link, and decides what its tail is. Changes nothing:
 * repair.ts acts on the outcome. Recovery and `verify` share it, so both judge alike.
 */
import { join } from "node:path";
import { assert } from "../engine/index.ts";
import { equalBytes, readBuffer, SECTOR_BYTES, viewOf } from "./bytes.ts";
import { DamageError, type DamageReport } from "./errors.ts";
import { type FileLayer, readFully } from "./file-layer.ts";
import {
  advance,
  type ChainState,
  FRAME_HEADER_BYTES,
  type FrameInfo,
  frameExtent,
  frameFault,
  frameHash,
  groupTag,
  linkFault,
  readInfo,
} from "./frame.ts";
import { decide, type Verdict } from "./recovery-table.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";
import type { SegmentEntry } from "./segment-list.ts";
import { findValidFrame, observeTail, type TailPlace } from "./tail.ts";

/** A place right behind a frame. What is included is everything before it. */
export interface Position {
  /** Number of the segment. */
  readonly segment: number;
  /** Bytes from the segment's start. */
  readonly offset: number;
  /** The next sequence to come. */
  readonly nextSequence: number;
  /** Chain hash of the frame before, 32 bytes. */
  readonly chainHash: Uint8Array;
}

/** Takes one frame: `body` starts at a multiple of 8 of its buffer and is valid during the call only. */
export type OnFrame = (info: FrameInfo, body: Uint8Array, position: Position) => void;

export interface ScanOptions {
  readonly layer: FileLayer;
  readonly directory: string;
  /** From `listSegments`, not empty. */
  readonly segments: readonly SegmentEntry[];
  /** Frames up to here are checked from their segment's start, but not handed out. */
  readonly from?: Position | undefined;
  readonly onFrame?: OnFrame | undefined;
  /** Stops before the frame that begins behind this sequence, without judging what is there: for a journal in use. */
  readonly through?: number | undefined;
}

/** Where a seal belongs, and what the chain was there. */
interface Seal {
  readonly entry: SegmentEntry;
  readonly offset: number;
  readonly chain: ChainState;
}

/** Where the scan ended. */
export interface ScanResult {
  readonly chain: ChainState;
  /** The segment in which it ended. */
  readonly entry: SegmentEntry;
  /** Its bytes; may be overwritten by the caller. */
  readonly bytes: Uint8Array;
  /** Offset of the tail in it. */
  readonly offset: number;
  /** Offset of the last frame in it; undefined if it has none. */
  readonly lastFrame: number | undefined;
  /** `end`, `torn` or `tail damage`; undefined if stopped by `through`. */
  readonly verdict: Verdict | undefined;
  /** What is wrong with a tail that is not a clean end. */
  readonly report: DamageReport | undefined;
  /** Offset behind the last byte of the segment that is not zero. */
  readonly end: number;
  /** Seals to be written: missing ones, and that before a segment without frames, which may be in the page cache only. */
  readonly seals: readonly Seal[];
  /** Frames and records checked. */
  readonly frames: number;
  readonly records: number;
}

/** Scans. Throws DamageError where the table says `damage`; `torn` and `tail damage` are the caller's to act on. */
export function scan(options: ScanOptions): ScanResult {
  return new Scanner(options).run();
}

class Scanner {
  readonly #options: ScanOptions;
  readonly #chain: ChainState;
  readonly #missingSeals: Seal[] = [];
  #lastSeal: Seal | undefined;
  #index: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = viewOf(this.#bytes);
  #at = 0;
  #lastFrame: number | undefined;
  #frames = 0;
  #records = 0;
  /** False until the position `from` was passed. */
  #handOut: boolean;

  constructor(options: ScanOptions) {
    const { segments, from } = options;
    assert(segments.length > 0, "a scan needs a segment");
    this.#options = options;
    this.#handOut = from === undefined;
    this.#index = from === undefined ? 0 : from.segment - segments[0]!.header.number;
    if (from !== undefined && segments[this.#index] === undefined) this.#refuseUncovered(from);
    const { journalId, group, firstSequence, chainHash } = this.#entry.header;
    this.#chain = { journalId, groupTag: groupTag(group), nextSequence: firstSequence, chainHash, epoch: 0 };
  }

  get #entry(): SegmentEntry {
    return this.#options.segments[this.#index]!;
  }

  run(): ScanResult {
    for (;;) {
      this.#load();
      const fault = this.#readFrames();
      if (fault === undefined) return this.#result(undefined, undefined, this.#at);
      const { verdict, report, end } = this.#judge(fault);
      if (verdict.decision === "damage") throw new DamageError(report);
      const seal = { entry: this.#entry, offset: this.#at, chain: { ...this.#chain } };
      if (verdict.decision === "unsealed") {
        this.#missingSeals.push(seal);
      } else if (verdict.decision === "sealed") {
        this.#lastSeal = seal;
      } else {
        return this.#result(verdict, verdict.decision === "end" ? undefined : report, end);
      }
      this.#index++;
    }
  }

  #load(): void {
    // One buffer for all segments of a size: fresh pages cost as much as reading.
    const { segmentBytes } = this.#entry.header;
    if (this.#bytes.byteLength !== segmentBytes) this.#bytes = readBuffer(segmentBytes);
    this.#view = viewOf(this.#bytes);
    this.#readSegment(this.#entry, this.#bytes);
    this.#at = SEGMENT_HEADER_BYTES;
    this.#lastFrame = undefined;
  }

  #readSegment({ file }: SegmentEntry, target: Uint8Array): void {
    const { layer, directory } = this.#options;
    const handle = layer.open(join(directory, file), "read");
    try {
      assert(readFully(layer, handle, target, 0) === target.byteLength, "a segment keeps its length");
    } finally {
      layer.close(handle);
    }
  }

  /** Reads linked frames; returns what is wrong where they end, or undefined if `through` was reached. */
  #readFrames(): string | undefined {
    const bytes = this.#bytes;
    const view = this.#view;
    const through = this.#options.through ?? Number.POSITIVE_INFINITY;
    // The last sector is kept free for the seal.
    const limit = bytes.byteLength - SECTOR_BYTES;
    for (;;) {
      this.#passFrom();
      if (this.#chain.nextSequence > through) return undefined;
      const at = this.#at;
      if (at >= limit) return "the segment's last sector";
      const fault = frameFault(bytes, view, at, limit) ?? linkFault(bytes, view, at, this.#chain);
      if (fault !== undefined) {
        this.#passFromAtTail();
        return fault;
      }
      this.#take(at, readInfo(view, at));
    }
  }

  #take(at: number, info: FrameInfo): void {
    advance(this.#chain, info, frameHash(this.#bytes, at, info.bodyBytes));
    this.#at = at + frameExtent(info.bodyBytes);
    this.#lastFrame = at;
    this.#frames++;
    this.#records += info.records;
    const { onFrame } = this.#options;
    if (onFrame === undefined || !this.#handOut) return;
    const body = at + FRAME_HEADER_BYTES;
    onFrame(info, this.#bytes.subarray(body, body + info.bodyBytes), this.#position());
  }

  #position(): Position {
    const { nextSequence, chainHash } = this.#chain;
    return { segment: this.#entry.header.number, offset: this.#at, nextSequence, chainHash };
  }

  /** Compares the journal with the snapshot's position when it is reached. */
  #passFrom(): void {
    const { from } = this.#options;
    if (this.#handOut || from === undefined || this.#at < from.offset) return;
    const same = this.#at === from.offset && this.#chain.nextSequence === from.nextSequence;
    if (!same || !equalBytes(this.#chain.chainHash, from.chainHash)) this.#refuseFrom(from);
    this.#handOut = true;
  }

  #passFromAtTail(): void {
    const { from } = this.#options;
    // The snapshot was taken behind a durable frame: a journal that ends before it has lost something.
    if (!this.#handOut && from !== undefined) this.#refuseFrom(from);
  }

  #refuseFrom(from: Position): never {
    throw new DamageError({
      kind: "snapshot",
      file: this.#entry.file,
      offset: this.#at,
      expected: `the frame before sequence ${from.nextSequence} to end at byte ${from.offset}, as the snapshot says`,
      found: `sequence ${this.#chain.nextSequence} next, or another chain hash, so a frame before it is damaged or lost`,
      lastSequence: this.#chain.nextSequence - 1,
      acceptable: false,
    });
  }

  #refuseUncovered(from: Position): never {
    const { segments } = this.#options;
    const oldest = segments[0]!.header.number;
    throw new DamageError({
      kind: "missing-segment",
      file: segments[0]!.file,
      offset: 0,
      expected: `segment ${from.segment}, where the snapshot's position lies`,
      found: `segments ${oldest} to ${oldest + segments.length - 1}`,
      lastSequence: 0,
      acceptable: false,
    });
  }

  #judge(fault: string): { verdict: Verdict; report: DamageReport; end: number } {
    const { segments } = this.#options;
    const place: TailPlace = {
      bytes: this.#bytes,
      view: this.#view,
      at: this.#at,
      unlinked: frameFault(this.#bytes, this.#view, this.#at, this.#bytes.byteLength) === undefined,
      chain: this.#chain,
      number: this.#entry.header.number,
      next: segments[this.#index + 1]?.header,
    };
    const { facts, end } = observeTail(place);
    const settled = facts.head === "seal" || facts.head === "unlinked";
    const after = settled ? undefined : this.#findValidAfter();
    const later = this.#index + 1 < segments.length;
    const verdict = decide({ ...facts, validAfter: after !== undefined, later });
    const report: DamageReport = {
      kind: "table",
      letter: verdict.letter,
      file: this.#entry.file,
      offset: this.#at,
      expected: `a frame with sequence ${this.#chain.nextSequence}, or zeros to the end of the journal`,
      found: foundText(fault, facts.head, verdict),
      lastSequence: this.#chain.nextSequence - 1,
      ...(after === undefined ? {} : { validAfter: after }),
      acceptable: verdict.decision === "tail damage",
    };
    return { verdict, report, end };
  }

  /** Searches this segment behind the tail, then all later ones. Slow, and only walked where something is amiss. */
  #findValidAfter(): { file: string; offset: number } | undefined {
    const here = findValidFrame(this.#bytes, this.#view, this.#at + SECTOR_BYTES);
    if (here !== undefined) return { file: this.#entry.file, offset: here };
    for (const entry of this.#options.segments.slice(this.#index + 1)) {
      const bytes = new Uint8Array(entry.header.segmentBytes);
      this.#readSegment(entry, bytes);
      const offset = findValidFrame(bytes, viewOf(bytes), SEGMENT_HEADER_BYTES);
      if (offset !== undefined) return { file: entry.file, offset };
    }
    return undefined;
  }

  #result(verdict: Verdict | undefined, report: DamageReport | undefined, end: number): ScanResult {
    const seals = [...this.#missingSeals];
    if (this.#lastFrame === undefined && this.#lastSeal !== undefined) seals.push(this.#lastSeal);
    return {
      chain: this.#chain,
      entry: this.#entry,
      bytes: this.#bytes,
      offset: this.#at,
      lastFrame: this.#lastFrame,
      verdict,
      report,
      end,
      seals,
      frames: this.#frames,
      records: this.#records,
    };
  }
}

function foundText(fault: string, head: string, { letter }: Verdict): string {
  switch (letter) {
    case "B":
      return "a seal, though no later segment is there";
    case "C":
      return "a seal with bytes behind it that are not zero";
    case "D":
      return fault === "no frame magic" ? "a seal or a next segment that does not continue the chain" : fault;
    case "E":
      return `${head === "zeros" ? "zeros" : fault}, with a valid frame behind it`;
    case "H":
      return `${head === "zeros" ? "zeros, then other bytes" : fault}, though a later segment is there`;
    case "I":
    case "J":
      return "zeros, then bytes that are not zero";
    default:
      return fault;
  }
}
