/** What the parts of the job thread tell each other, and the main thread. */

/**
 * `beginning`: the third party is told; `drawing`: funds are drawn and credited; `finishing`: all is credited, and the third party is
 * told; `done`: it has said yes.
 */
export type JobState = "beginning" | "drawing" | "finishing" | "done";

/** A batch to be paid, as the caller sent it. */
export interface BatchPay {
  /** The partner whose accounts are credited. */
  readonly partner: string;
  readonly batchPayId: string;
  /** Digits, without repeats. */
  readonly uids: readonly string[];
}

/** What became of a batch that was asked for: it goes on, its batchPayId was there, or too much goes on already. */
export type Started = "new" | "known" | "full";

/** How far a batch is. */
export interface Progress {
  readonly state: JobState;
  readonly uids: number;
  /** Users whose fund is empty and credited. */
  readonly uidsDone: number;
  /** Users that the third party does not know; at most SHOWN_MAX of them. */
  readonly unknown: readonly string[];
  readonly drawnCents: number;
  readonly creditedCents: number;
  /** Draws made, each by one call or more. */
  readonly draws: number;
  /** Credits that the engine refuses at present, such as those to a frozen account; at most SHOWN_MAX. */
  readonly blocked: readonly { readonly uid: string; readonly code: string }[];
}

/** Entries shown of a list that can be as long as the batch. */
export const SHOWN_MAX = 100;

/** A credit of a drawn amount, to be sent until it is applied. The same id and fields every time, so that it is applied once. */
export interface Credit {
  readonly id: string;
  readonly account: string;
  readonly cents: number;
  /** When it was known to be paid, ms since 1970: behind the engine's horizon the credit is refused rather than doubled. */
  readonly issuedMs: number;
}

/** One of a bucket's results: `OK`, or the code of the engine's refusal. */
export interface Credited {
  readonly code: string;
}

/** What became of a bucket: results in order, or the HTTP error code by which none is known. */
export type CreditReply = { readonly results: readonly Credited[] } | { readonly error: string };

export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
  readonly data?: Readonly<Record<string, string | number>>;
}

/** What the thread is started with. */
export interface JobThreadStart {
  /** Path of the job journal. */
  readonly path: string;
  readonly fund: FundSettings;
}

/** How the third party is reached. */
export interface FundSettings {
  /** Base url, without a slash at its end, as `http://host/thirdpart/onePass`. */
  readonly url: string;
  /** X-KSY-KINGSTAR-ID. */
  readonly participant: string;
  /** X-KSY-TOKEN; given, batchPayBegin is called too. */
  readonly token: string | undefined;
  /** Milliseconds after which a reply is not waited for. */
  readonly timeoutMs: number;
}

export type ToJobs =
  | { readonly kind: "start"; readonly ask: number; readonly batch: BatchPay }
  | { readonly kind: "progress"; readonly ask: number; readonly partner: string; readonly batchPayId: string }
  | { readonly kind: "credited"; readonly ask: number; readonly reply: CreditReply }
  | { readonly kind: "stop" };

export type FromJobs =
  | { readonly kind: "started"; readonly ask: number; readonly outcome: Started }
  | { readonly kind: "progress"; readonly ask: number; readonly progress: Progress | undefined }
  | { readonly kind: "credit"; readonly ask: number; readonly partner: string; readonly credits: readonly Credit[] }
  | { readonly kind: "note"; readonly note: Note };
