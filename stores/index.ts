/** The door of `stores/`: what other folders may use. */
export { Applier, type ApplierLog } from "./applier.ts";
export { type Comparison, compareBalances, type Expected } from "./compare.ts";
export { KafkaSource, type KafkaSourceOptions } from "./kafka-source.ts";
export {
  type Change,
  MESSAGE_TYPE,
  MessageError,
  parseMessage,
  type Result,
  type ResultMessage,
} from "./message.ts";
export { type RedisOptions, RedisStore } from "./redis/redis-store.ts";
export type { MessageSink, MessageSource, Outcome, SourceMessage } from "./source.ts";
export { type SqlOptions, SqlStore } from "./sql/sql-store.ts";
export { type SqliteOptions, SqliteStore } from "./sqlite/sqlite-store.ts";
export {
  type AccountKey,
  type Balance,
  type Batch,
  ContinuityError,
  CursorError,
  type Entry,
  type EntryPage,
  type EntryQuery,
  NOTHING,
  type Store,
  StoreError,
  type Watermark,
} from "./store.ts";
