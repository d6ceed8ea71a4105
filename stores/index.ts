/** The door of `stores/`: what other folders may use. */
export {
  type Change,
  checkResult,
  MESSAGE_TYPE,
  MessageError,
  parseMessage,
  type Result,
  type ResultMessage,
} from "./message.ts";
export { SqliteStore } from "./sqlite/sqlite-store.ts";
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
