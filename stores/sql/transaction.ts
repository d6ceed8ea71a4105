/** A group's transaction and its watermark, which is the lock. */
import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { NOTHING, type Watermark } from "../store.ts";

const SELECT_WATERMARK = "SELECT sequence, epoch, journal FROM ringfence_watermarks WHERE group_name = ?";

/** Holds the group's watermark row: another process that writes the same group waits, and then sees what was done. */
export async function inTransaction<T>(
  pool: Pool,
  group: string,
  work: (connection: PoolConnection, before: Watermark) => Promise<T>,
): Promise<T> {
  const connection = await pool.getConnection();
  let isClean = false;
  try {
    await connection.query("START TRANSACTION");
    const result = await work(connection, await lockWatermark(connection, group));
    await connection.query("COMMIT");
    isClean = true;
    return result;
  } finally {
    // The server takes the transaction back with its connection, whatever state it is in.
    if (isClean) connection.release();
    else connection.destroy();
  }
}

/** `NOTHING` where there is none. */
export async function readWatermark(pool: Pool, group: string): Promise<Watermark> {
  const [rows] = await pool.query<RowDataPacket[]>(SELECT_WATERMARK, [group]);
  return (rows[0] as Watermark | undefined) ?? NOTHING;
}

/** Made first where there is none, so that there is a row to hold. */
async function lockWatermark(connection: PoolConnection, group: string): Promise<Watermark> {
  for (;;) {
    const [rows] = await connection.query<RowDataPacket[]>(`${SELECT_WATERMARK} FOR UPDATE`, [group]);
    if (rows[0] !== undefined) return rows[0] as Watermark;
    await connection.query("INSERT IGNORE INTO ringfence_watermarks VALUES (?, 0, 0, '')", [group]);
  }
}

export async function setWatermark(connection: PoolConnection, group: string, watermark: Watermark): Promise<void> {
  const { sequence, epoch, journal } = watermark;
  const text = "UPDATE ringfence_watermarks SET sequence = ?, epoch = ?, journal = ? WHERE group_name = ?";
  await connection.query(text, [sequence, epoch, journal, group]);
}
