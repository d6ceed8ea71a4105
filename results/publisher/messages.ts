/** What the gateway's thread and the publisher's thread say to each other beside the boards. */
import type { KafkaSecurity } from "../kafka-security.ts";

/** A group that is published. */
export interface PublishedGroup {
  readonly name: string;
  /** Given once by the registry; it is the group's partition. */
  readonly index: number;
  /** The group's folder. */
  readonly directory: string;
}

/** What the publisher's thread is started with. */
export interface PublisherStart {
  readonly brokers: readonly string[];
  readonly security: KafkaSecurity;
  readonly topic: string;
  readonly groups: readonly PublishedGroup[];
  /** A board each, in the order of the groups. */
  readonly boards: readonly SharedArrayBuffer[];
  /** Time that a request to Kafka may take, ms; unless given, REQUEST_MS_MAX. */
  readonly requestMs?: number;
}

/** Gateway → publisher: 0 only wakes it. `stop`: publish what is durable, for a bounded time, and end. */
export type ToPublisher = 0 | { readonly kind: "stop" };

/**
 * `starting`: looks for its place. `retrying`: Kafka fails or cannot be reached, and it goes on trying. `refused`: an operator has to
 * look; it tries again now and then, in case it was put right.
 */
export type PublisherState = "starting" | "publishing" | "retrying" | "refused";

/** Publisher → gateway. */
export type FromPublisher =
  | {
      readonly kind: "state";
      readonly group: string;
      readonly state: PublisherState;
      /** Why it does not publish. */
      readonly reason?: string;
    }
  /** Something that an operator should know, though publishing goes on. */
  | { readonly kind: "warning"; readonly group: string; readonly message: string }
  | { readonly kind: "stopped" };
