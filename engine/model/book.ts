/** What the model knows: plain immutable values in Maps, so that a copy of the Maps is a copy of the state. */

export interface Account {
  readonly partner: number;
  readonly currency: number;
  readonly name: string;
  readonly available: bigint;
  readonly held: bigint;
  readonly min: bigint;
  /** Null: no ceiling. */
  readonly max: bigint | null;
  readonly status: "active" | "frozen" | "closed";
  readonly version: number;
}

export interface Hold {
  readonly partner: number;
  readonly id: string;
  /** Sequence of the hold command. */
  readonly sequence: number;
  readonly account: string;
  readonly currency: number;
  readonly rest: bigint;
  /** Time at which it expires, ms; undefined: never. */
  readonly due: number | undefined;
  readonly state: "open" | "closed" | "expired";
}

/** Everything that an atomic bucket may have to take back. */
export interface Book {
  readonly accounts: Map<string, Account>;
  readonly holds: Map<string, Hold>;
  /** Balance of `@world` by partner and currency. */
  readonly world: Map<string, bigint>;
  /** Sequences of commands that were reversed. */
  readonly reversed: Set<number>;
}

export const emptyBook = (): Book => ({ accounts: new Map(), holds: new Map(), world: new Map(), reversed: new Set() });

export const copyBook = (book: Book): Book => ({
  accounts: new Map(book.accounts),
  holds: new Map(book.holds),
  world: new Map(book.world),
  reversed: new Set(book.reversed),
});

export const worldKey = (partner: number, currency: number): string => `${partner}/${currency}`;
export const accountKey = (partner: number, currency: number, name: string): string => `${partner}/${currency}/${name}`;
export const idKey = (partner: number, id: string): string => `${partner}/${id}`;
