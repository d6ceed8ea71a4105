/** What the main thread and a thread that reads journals say to each other. Each request is answered once, with its `id`. */
import type {
  BalanceAnswer,
  BalanceQuery,
  GroupFolder,
  PageQuery,
  ResultPage,
  VerifyQuery,
  VerifyReport,
} from "./types.ts";

/** What a reading thread is started with. */
export interface ReaderStart {
  readonly groups: readonly GroupFolder[];
}

/** Main thread → reading thread. `group` is one of those that it was started with. */
export type ReaderRequest = { readonly id: number; readonly group: string } & (
  | { readonly kind: "page"; readonly query: PageQuery }
  | { readonly kind: "balance"; readonly query: BalanceQuery }
  /** Takes the thread until it is done, so it is asked of a thread of its own. */
  | { readonly kind: "verify"; readonly query: VerifyQuery }
);

/** Reading thread → main thread. `answer` is of the type that belongs to the request's kind. */
export type ReaderReply =
  | { readonly id: number; readonly answer: ReaderAnswer }
  | { readonly id: number; readonly code: ReaderFailure; readonly message: string };

export type ReaderAnswer = ResultPage | BalanceAnswer | VerifyReport;

/** `DAMAGED`: what is on the disk is not what was written. `FAILED`: a file call failed, or a rule was broken. */
export type ReaderFailure = "DAMAGED" | "FAILED";
