/** Rows as SQL text: one statement for a thousand rows is sixty times faster than a thousand statements. */
import { escape as escaped } from "mysql2";
import { scaleOf } from "../message.ts";
import type { AccountUpdate } from "../projection.ts";
import type { AccountKey, Balance, Entry } from "../store.ts";

/** What needs no escaping: names, decimals, times. */
const PLAIN = /^[A-Za-z0-9@._: -]*$/;

/** A value in quotes. */
export function quoted(value: string): string {
  return PLAIN.test(value) ? `'${value}'` : escaped(value);
}

/** `2026-11-20 08:00:00.000` for an RFC 3339 time in UTC or for ms since 1970. */
export function timeText(at: string | number): string {
  const text = typeof at === "string" && at.length === 24 ? at : new Date(at).toISOString();
  return `'${text.slice(0, 10)} ${text.slice(11, 23)}'`;
}

const keyText = ({ partner, account, currency, group }: AccountKey): string =>
  `${quoted(partner)},${quoted(account)},${quoted(currency)},${quoted(group)}`;

const INSERT_BALANCES =
  "INSERT INTO ringfence_balances (partner, account, currency, group_name, scale, available, held, status, version, created_at, updated_at) VALUES ";

const ON_DUPLICATE =
  " ON DUPLICATE KEY UPDATE available = VALUES(available), held = VALUES(held), status = VALUES(status), version = VALUES(version), updated_at = VALUES(updated_at)";

/** Sets the balances of these accounts. */
export function upsertText(group: string, updates: readonly AccountUpdate[]): string {
  const rows = updates.map((update) => {
    const { available, held, status, version, firstAt, at } = update;
    const money = `${scaleOf(available)},${available},${held}`;
    return `(${keyText({ group, ...update })},${money},${quoted(status)},${version},${timeText(firstAt)},${timeText(at)})`;
  });
  return INSERT_BALANCES + rows.join(",") + ON_DUPLICATE;
}

/** Inserts balances taken from a snapshot. */
export function seedText(group: string, balances: readonly Balance[]): string {
  const rows = balances.map((balance) => {
    const { available, held, status, version, updatedAtMs } = balance;
    const money = `${scaleOf(available)},${available},${held}`;
    return `(${keyText({ group, ...balance })},${money},${quoted(status)},${version},${timeText(0)},${timeText(updatedAtMs)})`;
  });
  return INSERT_BALANCES + rows.join(",");
}

const INSERT_ENTRIES =
  "INSERT INTO ringfence_entries (partner, account, currency, group_name, sequence, id, type, amount, balance, counterparty, memo, at) VALUES ";

/** Statements that insert the entries of these accounts, `rows` at most in each. */
export function* entryTexts(group: string, updates: readonly AccountUpdate[], rows: number): Generator<string> {
  let waiting: string[] = [];
  for (const update of updates) {
    const key = keyText({ group, ...update });
    for (const entry of update.entries) {
      waiting.push(`(${key},${entryText(entry)})`);
      if (waiting.length < rows) continue;
      yield INSERT_ENTRIES + waiting.join(",");
      waiting = [];
    }
  }
  if (waiting.length > 0) yield INSERT_ENTRIES + waiting.join(",");
}

function entryText({ sequence, id, type, amount, balance, counterparty, memo, at }: Entry): string {
  const texts = `${quoted(id)},${quoted(type)},${amount},${balance},${quoted(counterparty)}`;
  return `${sequence},${texts},${memo === null ? "NULL" : quoted(memo)},${timeText(at)}`;
}
