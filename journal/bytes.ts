/** Small helpers over bytes that every layout here needs. */

/** The unit that a disk writes whole or not at all; frames start at multiples of it. */
export const SECTOR_BYTES = 512;

/**
 * Memory that a disk can be written from without a copy: its address must be a multiple of a sector. JavaScript does not tell
 * addresses, but a block above 32 MiB always comes from the system, and glibc's begin 16 bytes behind a page. Of the block only what
 * is touched becomes memory. Elsewhere the guess is wrong, and the file layer copies as usual.
 */
export function sectorAligned(bytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(ALIGNED_OFFSET + Math.max(bytes, 32 << 20)), ALIGNED_OFFSET, bytes);
}

/** Memory to read a file into: as `sectorAligned` where the file is large, for a small one is not worth such a block. */
export function readBuffer(bytes: number): Uint8Array {
  return bytes < 1 << 20 ? new Uint8Array(bytes) : sectorAligned(bytes);
}

/** Offset in their buffers of bytes made by `sectorAligned`. */
export const ALIGNED_OFFSET = SECTOR_BYTES - 16;

/** A block of zeros to write and to compare with. Nobody may write into it. */
export const ZEROS: Uint8Array = sectorAligned(256 << 10);

/** `bytes` rounded up to whole sectors. */
export function sectorsUp(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Whole number up to 2^53 from a u64; by halves, for BigInt would allocate. */
export function getU64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}

export function setU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** True if `from` (included) to `to` (excluded) holds zeros only. Compares blocks, because memcmp beats a loop tenfold. */
export function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += ZEROS.byteLength) {
    const length = Math.min(ZEROS.byteLength, to - at);
    if (Buffer.compare(bytes.subarray(at, at + length), ZEROS.subarray(0, length)) !== 0) return false;
  }
  return true;
}

/** Offset behind the last byte in the range that is not zero; `from` if there is none. */
export function endOfNonZero(bytes: Uint8Array, from: number, to: number): number {
  for (let end = to; end > from; ) {
    const start = Math.max(from, end - ZEROS.byteLength);
    if (!isZero(bytes, start, end)) {
      while (bytes[end - 1] === 0) end--;
      return end;
    }
    end = start;
  }
  return from;
}

/** True if some whole sector of the range is all zeros; `from` and `to` are multiples of a sector. */
export function hasZeroSector(bytes: Uint8Array, from: number, to: number): boolean {
  for (let sector = from; sector < to; sector += SECTOR_BYTES) {
    // Of records some byte is not zero soon: a few looks a sector, where a comparison with zeros costs its call.
    let at = sector;
    while (at < sector + SECTOR_BYTES && bytes[at] === 0) at++;
    if (at === sector + SECTOR_BYTES) return true;
  }
  return false;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Lower-case hexadecimal, for messages. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
