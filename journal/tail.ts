/** What stands at a tail: collects the facts that the recovery table decides on. */
import { endOfNonZero, equalBytes, hasZeroSector, isZero, SECTOR_BYTES } from "./bytes.ts";
import {
  type ChainState,
  FRAME_EXTENT_MAX,
  frameExtent,
  frameFault,
  headerFault,
  isSeal,
  linkFault,
  readInfo,
  sealContinues,
} from "./frame.ts";
import type { Head, Rest, TailFacts } from "./recovery-table.ts";
import type { SegmentHeader } from "./segment.ts";

/** A segment that was read whole, and where its linked frames end. */
export interface TailPlace {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of the tail. */
  readonly at: number;
  /** True if a valid frame stands there that is not linked. */
  readonly unlinked: boolean;
  readonly chain: ChainState;
  /** Number of this segment. */
  readonly number: number;
  /** Header of the next segment, if there is one. */
  readonly next: SegmentHeader | undefined;
}

/** Offset of the first valid frame at or behind `from`, or undefined. Looks at every sector. */
export function findValidFrame(bytes: Uint8Array, view: DataView, from: number): number | undefined {
  for (let at = from; at + SECTOR_BYTES <= bytes.byteLength; at += SECTOR_BYTES) {
    if (frameFault(bytes, view, at, bytes.byteLength) === undefined) return at;
  }
  return undefined;
}

function nextContinues({ next, chain }: TailPlace): boolean {
  return (
    next === undefined || (next.firstSequence === chain.nextSequence && equalBytes(next.chainHash, chain.chainHash))
  );
}

/** True if the header is what an interrupted write of the next frame would have left: valid, linked, and within the segment. */
function isNextHeader({ bytes, view, at, chain }: TailPlace): boolean {
  if (headerFault(bytes, view, at) !== undefined || linkFault(bytes, view, at, chain) !== undefined) return false;
  return at + frameExtent(readInfo(view, at).bodyBytes) <= bytes.byteLength - SECTOR_BYTES;
}

function headOf(place: TailPlace): Head {
  const { bytes, view, at, chain, number } = place;
  if (place.unlinked) return "unlinked";
  if (isSeal(bytes, view, at)) {
    return sealContinues(bytes, at, chain, number + 1) && nextContinues(place) ? "seal" : "unlinked";
  }
  if (isZero(bytes, at, at + SECTOR_BYTES)) {
    return isZero(bytes, at, bytes.byteLength) && !nextContinues(place) ? "unlinked" : "zeros";
  }
  return isNextHeader(place) ? "header" : "invalid";
}

/** The facts within this segment, and where its last byte that is not zero ends. */
export function observeTail(place: TailPlace): { facts: Omit<TailFacts, "validAfter" | "later">; end: number } {
  const { bytes, view, at } = place;
  const head = headOf(place);
  const extentEnd = at + (head === "header" ? frameExtent(readInfo(view, at).bodyBytes) : SECTOR_BYTES);
  const end = endOfNonZero(bytes, at, bytes.byteLength);
  let rest: Rest = "none";
  if (end > extentEnd) rest = head !== "header" && end <= at + FRAME_EXTENT_MAX ? "near" : "far";
  return { facts: { head, zeroSector: head === "header" && hasZeroSector(bytes, at, extentEnd), rest }, end };
}
