/** Three views over one buffer, so that a record can be read and written by byte, by 32-bit word and by float64. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
}

/** Views over a whole buffer. Its length is a multiple of 8. */
export function viewMemory(buffer: ArrayBufferLike): RecordMemory {
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer), floats: new Float64Array(buffer) };
}
