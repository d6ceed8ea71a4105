/**
 * Rows as they were, kept while a table is copied. They lie one behind the other, so that the first frame of a snapshot, which may save
 * thousands from all over the table, touches hundreds of fresh pages and not thousands: on a virtual machine each costs 10 µs.
 */
import { copyWords } from "./hash.ts";

const PIECE_SHIFT = 13;
const PIECE_ROWS = 1 << PIECE_SHIFT;
const PIECE_MASK = PIECE_ROWS - 1;

/** Pieces that stay for the next time, some 1 MiB each. */
const PIECES_KEPT = 4;

interface Piece {
  /** By slot: number of the row that lies there. */
  readonly owners: Int32Array;
  readonly words: Int32Array;
}

export class SavedRows {
  readonly #rowWords: number;
  readonly #pieces: Piece[] = [];
  #count = 0;

  /** For rows of so many words. */
  constructor(rowWords: number) {
    this.#rowWords = rowWords;
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
    if (this.#pieces.length > PIECES_KEPT) this.#pieces.length = PIECES_KEPT;
  }

  /** True if `row` lies in `slot`. What a table noted before `clear`, or never, may be asked: such a slot has another row or none. */
  has(slot: number, row: number): boolean {
    return slot < this.#count && this.#pieces[slot >>> PIECE_SHIFT]!.owners[slot & PIECE_MASK] === row;
  }

  /** Copies a row, which starts at word `w`; returns its slot. */
  save(row: number, words: Int32Array, w: number): number {
    const slot = this.#count++;
    const piece = this.#pieces[slot >>> PIECE_SHIFT] ?? this.#addPiece();
    piece.owners[slot & PIECE_MASK] = row;
    copyWords(words, w, piece.words, (slot & PIECE_MASK) * this.#rowWords, this.#rowWords);
    return slot;
  }

  /** Writes the row in `slot` to `target` from word `w` on. */
  copyTo(target: Int32Array, w: number, slot: number): void {
    const { words } = this.#pieces[slot >>> PIECE_SHIFT]!;
    copyWords(words, (slot & PIECE_MASK) * this.#rowWords, target, w, this.#rowWords);
  }

  #addPiece(): Piece {
    const piece = { owners: new Int32Array(PIECE_ROWS), words: new Int32Array(PIECE_ROWS * this.#rowWords) };
    this.#pieces.push(piece);
    return piece;
  }
}
