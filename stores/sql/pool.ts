/** Connections to the database, set up so that nothing is cut, rounded or shown in another time. */
import { format } from "mysql2";
import { createPool, type Pool } from "mysql2/promise";
import { SESSION } from "./schema.ts";

/** Connections of one pool at most: groups that are written at a time, or reads. */
const CONNECTIONS = 4;

/** Milliseconds to connect. */
const CONNECT_MS = 5000;

/** `url` is `mysql://user:password@host:port/database`; nothing is connected before it is needed. */
export function openPool(url: string): Pool {
  const pool = createPool({
    uri: url,
    connectionLimit: CONNECTIONS,
    connectTimeout: CONNECT_MS,
    charset: "utf8mb4",
    // A statement without values is sent as it is: looking for placeholders in a thousand rows costs more than making them.
    queryFormat: (query: string, values: Parameters<typeof format>[1]) =>
      Array.isArray(values) && values.length === 0 ? query : format(query, values),
  });
  // Queued before anything that the pool's user asks of the new connection.
  pool.pool.on("connection", (connection) => {
    for (const statement of SESSION) connection.query(statement);
  });
  return pool;
}
