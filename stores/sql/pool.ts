/** Connections to the database, set up so that nothing is cut, rounded or shown in another time. */
import type { Socket } from "node:net";
import { format } from "mysql2";
import { createPool, type Pool } from "mysql2/promise";
import { SESSION } from "./schema.ts";

/** Connections of one pool at most: groups that are written at a time, or reads. */
const CONNECTIONS = 4;

/** Milliseconds to connect. */
const CONNECT_MS = 5000;

/** Queries that may wait for a connection. */
const QUEUE_MAX = 1000;

/**
 * Milliseconds in which a database may be silent before a connection counts as broken, and what it was asked as failed: without it a
 * machine that is gone without a word would be waited for, for ever. Emptying a large group for a refill takes minutes.
 */
const SILENT_MS = 600_000;

/** Milliseconds in which connections may end by themselves. */
const END_MS = 5000;

const streams = new WeakMap<Pool, Set<Socket>>();

/** `url` is `mysql://user:password@host:port/database`; nothing is connected before it is needed. */
export function openPool(url: string, silentMs: number = SILENT_MS): Pool {
  const open = new Set<Socket>();
  const pool = createPool({
    uri: url,
    connectionLimit: CONNECTIONS,
    queueLimit: QUEUE_MAX,
    connectTimeout: CONNECT_MS,
    charset: "utf8mb4",
    // A statement without values is sent as it is: looking for placeholders in a thousand rows costs more than making them.
    queryFormat: (query: string, values: Parameters<typeof format>[1]) =>
      Array.isArray(values) && values.length === 0 ? query : format(query, values),
  });
  // Queued before anything that the pool's user asks of the new connection.
  pool.pool.on("connection", (connection) => {
    for (const statement of SESSION) connection.query(statement);
    // What a connection is made of is no part of the types.
    const { stream } = connection as unknown as { readonly stream: Socket };
    stream.setTimeout(silentMs, () => stream.destroy(new Error(`the database was silent for ${silentMs / 1000} s`)));
    open.add(stream);
    stream.once("close", () => open.delete(stream));
  });
  streams.set(pool, open);
  return pool;
}

/** Ends a pool's connections, with force where the database does not answer. Never rejects. */
export async function endPool(pool: Pool): Promise<void> {
  const force = setTimeout(() => {
    for (const stream of streams.get(pool) ?? []) stream.destroy(new Error("the database did not answer in time"));
  }, END_MS);
  try {
    await pool.end();
  } catch {
    // Of a connection that was broken: it is gone, too.
  } finally {
    clearTimeout(force);
  }
}
