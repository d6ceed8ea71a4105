/** Where a store process gets messages from: the results topic, through the port that its reader implements. */

/** A message as it lies in its source. */
export interface SourceMessage {
  readonly value: string;
  /** Header `ce_type`. */
  readonly type: string;
  /** Header `rf_journal`; `""` where there is none. */
  readonly journal: string;
  /** For the operator: where the message stands, as `partition 0, offset 12`. */
  readonly place: string;
}

/**
 * What became of messages.
 *
 * - `applied`: they are in the store; the source may note that they are done with.
 * - `retry`: the store cannot be written at the moment; the same messages are to come again, after a pause.
 * - `rewind`: the store has less than the source took it to have, as after it lost its data; messages are to come again from the one
 *   that holds the result behind sequence `after`, or from the oldest that is there.
 * - `skipped`: messages handed over before them were not applied, and so these were not; they are to come again behind those.
 * - `stop`: it would be wrong to go on; nothing more of this group is to come until the process is started again.
 */
export type Outcome =
  | { readonly kind: "applied" }
  | { readonly kind: "retry" }
  | { readonly kind: "rewind"; readonly after: number }
  | { readonly kind: "skipped" }
  | { readonly kind: "stop" };

export interface MessageSink {
  /**
   * Takes messages of one group in order. It may be called again before the last call has ended, and reads ahead; should that one not
   * be applied, this one is skipped. After any outcome but `applied` all calls must have ended before the next.
   *
   * Without messages it looks whether the store still has what it had: to be called now and then while none come. Never rejects.
   */
  take(group: string, messages: readonly SourceMessage[]): Promise<Outcome>;
}

export interface MessageSource {
  /** Hands over messages until `signal` aborts; then resolves. Rejects when the source itself cannot go on. */
  run(sink: MessageSink, signal: AbortSignal): Promise<void>;
}
