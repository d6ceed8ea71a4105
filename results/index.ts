/** The door of `results/`: what other folders may use. */

export { type AccountAt, accountsOf, type SnapshotAccounts, snapshotAccounts } from "./accounts-at.ts";

export {
  type Alarm,
  eachResult,
  type Place,
  ResultsConsumer,
  type ResultsConsumerOptions,
} from "./consumer/consumer.ts";
export { Continuity, type Position } from "./consumer/continuity.ts";
export { parseMessage, type RawMessage } from "./consumer/parse.ts";

export { ResultsError } from "./errors.ts";
export { type FedFrame, JournalFeed } from "./journal-feed.ts";
export { JournalNames } from "./journal-names.ts";
export { JournalQueries, type JournalQueriesOptions, JournalResultLog } from "./journal-queries.ts";
export { type KafkaSecurity, kafkaConnection, SASL_MECHANISMS, type SaslMechanism } from "./kafka-security.ts";
export { type Change, HEADER, MESSAGE_TYPE, type Result, type ResultsMessage } from "./message.ts";
export { type CurrencyName, type Names, NameTable } from "./names.ts";
export { Publisher, type PublisherOptions, type PublisherStats } from "./publisher/publisher.ts";
export { renderRecords, renderResult } from "./render.ts";
export {
  audit,
  InsideBucketError,
  namesOf,
  type Replay,
  type ReplayOptions,
  replay,
  trialBalanceOf,
} from "./replay.ts";
export { isControlAt, recordBytesAt } from "./result-record.ts";
export type {
  AccountKey,
  BalanceAnswer,
  GroupFolder,
  PastAccount,
  PointInTime,
  ResultPage,
  VerifyQuery,
  VerifyReport,
} from "./types.ts";
