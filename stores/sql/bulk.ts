/**
 * Many rows into a table. By LOAD DATA where the server takes it from its clients: it reads fields straight into columns, where a
 * statement of many rows is first made into a tree of values, which is half of the server's time. Otherwise by such statements.
 */
import { Readable } from "node:stream";
import type { PoolConnection, ResultSetHeader } from "mysql2/promise";
import { fieldText, sqlText, type Value } from "./text.ts";

/** Rows of one statement: some 200 KB, far below the packet that servers take unless told otherwise. */
const ROWS_A_STATEMENT = 1000;

/** Characters of a packet of LOAD DATA: as bytes far below the 16 MB that it may have. */
const PACKET_CHARS = 1 << 20;

export interface BulkTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** What becomes of a row whose key is there: it is replaced, or the call fails. */
  readonly onDuplicate: "replace" | "fail";
}

export type Row = readonly Value[];

/** Writes the rows. Rejects unless each is in the table as it was given; then the transaction must not be committed. */
export async function writeRows(
  connection: PoolConnection,
  table: BulkTable,
  rows: readonly Row[],
  mayLoad: boolean,
): Promise<void> {
  if (rows.length === 0) return;
  if (mayLoad) await load(connection, table, rows);
  else await insert(connection, table, rows);
}

async function insert(connection: PoolConnection, table: BulkTable, rows: readonly Row[]): Promise<void> {
  const { name, columns, onDuplicate } = table;
  const verb = onDuplicate === "replace" ? "REPLACE" : "INSERT";
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const values = rows.slice(at, at + ROWS_A_STATEMENT).map((row) => `(${row.map(sqlText).join(",")})`);
    await connection.query(`${verb} INTO ${name} (${columns.join(",")}) VALUES ${values.join(",")}`);
  }
}

async function load(connection: PoolConnection, table: BulkTable, rows: readonly Row[]): Promise<void> {
  const { name, columns, onDuplicate } = table;
  // Without REPLACE a row whose key is there would be skipped with a warning, which is a failure below.
  const verb = onDuplicate === "replace" ? "REPLACE INTO" : "INTO";
  const sql = `LOAD DATA LOCAL INFILE 'ringfence' ${verb} TABLE ${name} CHARACTER SET utf8mb4 (${columns.join(",")})`;
  const [result] = await connection.query<ResultSetHeader>({
    sql,
    values: [],
    infileStreamFactory: () => Readable.from(packetsOf(rows)),
  });
  // From a client, what would be an error is a warning: a value that was cut or changed, a line that was skipped.
  const { info, warningStatus } = result;
  const taken = Number(/^Records: (\d+)/.exec(info)?.[1]);
  if (warningStatus !== 0 || taken !== rows.length || !/Skipped: 0/.test(info)) {
    throw new Error(`${name}: ${rows.length} rows were given, the server says: ${info}`);
  }
}

function* packetsOf(rows: readonly Row[]): Generator<Buffer, void, void> {
  let text = "";
  for (const row of rows) {
    text += fieldText(row[0]!);
    for (let i = 1; i < row.length; i++) text += `\t${fieldText(row[i]!)}`;
    text += "\n";
    if (text.length < PACKET_CHARS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
