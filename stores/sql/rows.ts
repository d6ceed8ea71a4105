/** What a batch's accounts and their entries are in the tables. */
import { scaleOf } from "../message.ts";
import type { AccountUpdate } from "../projection.ts";
import type { Entry } from "../store.ts";
import type { BulkTable, RowMaker, RowMakerOf, TableRows } from "./bulk.ts";
import { timeText, type Value } from "./text.ts";

const BALANCES: BulkTable = {
  name: "ringfence_balances",
  columns: ["account_no", "scale", "available", "held", "status", "version", "updated_at"],
  onDuplicate: "replace",
};

const ENTRIES: BulkTable = {
  name: "ringfence_entries",
  columns: ["account_no", "sequence", "id", "type", "amount", "balance", "counterparty", "memo", "at"],
  onDuplicate: "fail",
};

/** Gathers the rows of a batch. */
export class BatchRows {
  readonly #balances: RowMaker;
  readonly #entries: RowMaker;

  constructor(makerOf: RowMakerOf) {
    this.#balances = makerOf(BALANCES);
    this.#entries = makerOf(ENTRIES);
  }

  /** Adds rows of the accounts whose number is known; returns the others. */
  add(accounts: readonly AccountUpdate[], numberOf: (key: string) => number | undefined): readonly AccountUpdate[] {
    const rest: AccountUpdate[] = [];
    // Number and index as one number, for those are sorted without a call for each comparison.
    const order = new Float64Array(accounts.length);
    let known = 0;
    for (const [index, update] of accounts.entries()) {
      const number = numberOf(update.key);
      if (number === undefined) rest.push(update);
      else order[known++] = number * accounts.length + index;
    }
    // In the order of the tables: neighbours are written together.
    for (const place of order.subarray(0, known).sort()) {
      const index = place % accounts.length;
      const number = (place - index) / accounts.length;
      const update = accounts[index]!;
      this.#balances.add(balanceValues(number, update));
      for (const entry of update.entries) this.#entries.add(entryValues(number, entry));
    }
    return rest;
  }

  /** As a copy, in the order in which they are to be written. */
  tables(): readonly TableRows[] {
    return [this.#balances.rows(), this.#entries.rows()];
  }
}

function balanceValues(number: number, { available, held, status, version, at }: AccountUpdate): readonly Value[] {
  return [number, scaleOf(available), available, held, status, version, timeText(at)];
}

function entryValues(number: number, entry: Entry): readonly Value[] {
  const { sequence, id, type, amount, balance, counterparty, memo, at } = entry;
  return [number, sequence, id, type, amount, balance, counterparty, memo, timeText(at)];
}
