/**
 * Many rows into a table. By LOAD DATA where the server takes it from its clients: it reads fields straight into columns, where a
 * statement of many rows is first made into a tree of values, which is half of the server's time. Otherwise by such statements.
 */
import { Readable } from "node:stream";
import type { PoolConnection, ResultSetHeader } from "mysql2/promise";
import { fieldText, sqlText, type Value } from "./text.ts";

/** Rows of one statement: some 200 KB, far below the packet that servers take unless told otherwise. */
const ROWS_A_STATEMENT = 1000;

/** Bytes of a packet of LOAD DATA: far below the 16 MB that it may have. */
const PACKET_BYTES = 1 << 20;

/** Bytes that rows begin with; they take as many as they need. */
const FIRST_BYTES = 1 << 16;

export interface BulkTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** What becomes of a row whose key is there: it is replaced, or the call fails. */
  readonly onDuplicate: "replace" | "fail";
}

/** Rows that another thread can be sent: lines of LOAD DATA as bytes, or the tuples of statements. */
export interface TableRows {
  readonly table: BulkTable;
  readonly count: number;
  readonly form: Uint8Array | readonly string[];
}

/** Gathers rows of a table. */
export interface RowMaker {
  /** Values in the order of the table's columns. */
  add(values: readonly Value[]): void;
  /** What was added so far, as a copy. */
  rows(): TableRows;
}

/** Begins without rows. */
export type RowMakerOf = (table: BulkTable) => RowMaker;

/** For a server that takes rows by LOAD DATA from its clients, or does not. */
export const makerOf = (mayLoad: boolean): RowMakerOf =>
  mayLoad ? (table) => new LineMaker(table) : (table) => new TupleMaker(table);

/** Rejects unless each row is in the table as it was given; then the transaction must not be committed. */
export async function writeRows(connection: PoolConnection, { table, count, form }: TableRows): Promise<void> {
  if (count === 0) return;
  if (form instanceof Uint8Array) await load(connection, table, count, form);
  else await insert(connection, table, form);
}

class TupleMaker implements RowMaker {
  readonly #table: BulkTable;
  readonly #tuples: string[] = [];

  constructor(table: BulkTable) {
    this.#table = table;
  }

  add(values: readonly Value[]): void {
    this.#tuples.push(`(${values.map(sqlText).join(",")})`);
  }

  rows(): TableRows {
    return { table: this.#table, count: this.#tuples.length, form: [...this.#tuples] };
  }
}

/** Kept as bytes: thousands of strings that wait would be copied by the garbage collector again and again. */
class LineMaker implements RowMaker {
  readonly #table: BulkTable;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;
  #count = 0;

  constructor(table: BulkTable) {
    this.#table = table;
  }

  add(values: readonly Value[]): void {
    let line = fieldText(values[0]!);
    for (let i = 1; i < values.length; i++) line += `\t${fieldText(values[i]!)}`;
    line += "\n";
    // UTF-8 has at most three bytes for what is one unit of a string.
    this.#reserve(line.length * 3);
    this.#end += this.#bytes.write(line, this.#end);
    this.#count++;
  }

  rows(): TableRows {
    return { table: this.#table, count: this.#count, form: Uint8Array.from(this.#bytes.subarray(0, this.#end)) };
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const more = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + bytes));
    this.#bytes.copy(more, 0, 0, this.#end);
    this.#bytes = more;
  }
}

async function insert(connection: PoolConnection, table: BulkTable, tuples: readonly string[]): Promise<void> {
  const { name, columns, onDuplicate } = table;
  const verb = onDuplicate === "replace" ? "REPLACE" : "INSERT";
  for (let at = 0; at < tuples.length; at += ROWS_A_STATEMENT) {
    const some = tuples.slice(at, at + ROWS_A_STATEMENT);
    await connection.query(`${verb} INTO ${name} (${columns.join(",")}) VALUES ${some.join(",")}`);
  }
}

async function load(connection: PoolConnection, table: BulkTable, count: number, lines: Uint8Array): Promise<void> {
  const { name, columns, onDuplicate } = table;
  // Without REPLACE a row whose key is there would be skipped with a warning, which is a failure below.
  const verb = onDuplicate === "replace" ? "REPLACE INTO" : "INTO";
  const sql = `LOAD DATA LOCAL INFILE 'ringfence' ${verb} TABLE ${name} CHARACTER SET utf8mb4 (${columns.join(",")})`;
  const [result] = await connection.query<ResultSetHeader>({
    sql,
    values: [],
    infileStreamFactory: () => Readable.from(packetsOf(lines)),
  });
  // From a client, what would be an error is a warning: a value that was cut or changed, a line that was skipped.
  const { info, warningStatus } = result;
  const taken = Number(/^Records: (\d+)/.exec(info)?.[1]);
  if (warningStatus !== 0 || taken !== count || !/Skipped: 0/.test(info)) {
    throw new Error(`${name}: ${count} rows were given, the server says: ${info}`);
  }
}

function* packetsOf({ buffer, byteOffset, byteLength }: Uint8Array): Generator<Buffer, void, void> {
  const lines = Buffer.from(buffer, byteOffset, byteLength);
  for (let at = 0; at < byteLength; at += PACKET_BYTES) yield lines.subarray(at, at + PACKET_BYTES);
}
