/** From the bytes of a bucket to the group's ring: what the route and the facades share. */
import { BODY_BYTES_MAX, RESULT_BYTES_MAX, ringLayout } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";
import type { GroupLink } from "../link/group-link.ts";
import type { Waiting } from "../link/pending.ts";
import type { Rings } from "../link/rings.ts";
import { type CommandScanner, explain, FULL, type RecordTarget, type ScanContext } from "../scanner/index.ts";

const { ENTRY } = ringLayout;

export interface BucketSending {
  readonly scanner: CommandScanner;
  readonly link: GroupLink;
  readonly context: ScanContext;
  /** The answer carries the commands' results. */
  readonly withResults: boolean;
  /** Gets the answer, once the bucket is durable. Its deadline must be set. */
  readonly waiting: Waiting;
}

/**
 * Scans `body` into the group's ring and publishes it. Throws ApiError when nothing was taken: INVALID_BODY with what is wrong,
 * BODY_TOO_LARGE, OVERLOADED, GROUP_DOWN, GROUP_FULL, DISK_FULL.
 */
export function sendBucket(body: Uint8Array, { scanner, link, context, withResults, waiting }: BucketSending): void {
  const length = body.byteLength;
  if (length > BODY_BYTES_MAX) throw new ApiError("BODY_TOO_LARGE");
  link.assertTakesCommands();
  const { rings } = link;
  // A record is never longer than its JSON text, so this much always does.
  const start = rings.claim(length + 64);
  if (start < 0) throw new ApiError("OVERLOADED");
  const target = targetOf(rings, start, length + 64);
  const count = scanner.scan(body, length, context, target);
  if (count < 0) throw refusalOf(body, context, count);
  const bytes = scanner.end - start;
  const replyBytes = withResults ? bytes + count * RESULT_BYTES_MAX : 0;
  if (!rings.hasRoomForReply(replyBytes)) throw new ApiError("OVERLOADED");
  rings.send(withResults ? ENTRY.commandsWithResults : ENTRY.commands, bytes, count, waiting, replyBytes);
}

function refusalOf(body: Uint8Array, context: ScanContext, count: number): ApiError {
  if (count === FULL) return new ApiError("OVERLOADED");
  const errors = explain(body, context);
  if (errors.some((error) => error.code === "TOO_MANY_COMMANDS")) return new ApiError("BODY_TOO_LARGE");
  const foreign = errors.find((error) => error.code === "TYPE_NOT_ALLOWED");
  if (foreign !== undefined) return new ApiError("FORBIDDEN", foreign.detail, { errors });
  return new ApiError("INVALID_BODY", errors[0]?.detail, { errors });
}

function targetOf({ memory }: Rings, start: number, bytes: number): RecordTarget {
  return { bytes: memory.bytes, words: memory.words, floats: memory.floats, start, limit: start + bytes };
}
