/** A facade's call that is one command: sent, waited for, and its loss explained in the words of the caller. */
import type { Result } from "../../results/index.ts";
import type { RouteDeps } from "../app-type.ts";
import type { CommandInput } from "../commands.ts";
import { ApiError } from "../errors.ts";
import type { Partner } from "../registry/index.ts";
import type { CallId } from "./command-id.ts";

/** Milliseconds in which these systems have promised to answer. */
export const CALL_MS_MAX = 5_000;

/** Sends one command; resolves with its durable result. Rejects as `Commands.submit`; OUTCOME_UNKNOWN says how to find out. */
export async function sendOne(
  { commands }: Pick<RouteDeps, "commands">,
  partner: Partner,
  { id, isKeyed }: CallId,
  command: Omit<CommandInput, "id">,
): Promise<Result> {
  try {
    const [result] = await commands.submit(partner, [{ id, ...command }], { waitMs: CALL_MS_MAX });
    return result!;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "OUTCOME_UNKNOWN") throw error;
    const way = isKeyed
      ? "send it again with the same Idempotency-Key"
      : `GET /v1/commands/${id} tells; sent again, it would count as another`;
    throw new ApiError("OUTCOME_UNKNOWN", `No answer in time: it may have taken effect or not; ${way}.`, {
      cause: error,
    });
  }
}

/** What a reading gives, or OVERLOADED after the same time: nothing is lost by asking again. */
export async function readInTime<T>(reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ApiError("OVERLOADED", "No answer in time; nothing was changed.")),
      CALL_MS_MAX,
    );
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
