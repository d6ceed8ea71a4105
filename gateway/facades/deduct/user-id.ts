import { invalidBody } from "../../errors.ts";
import { isId } from "../command-id.ts";
import { JsonNumber, type JsonValue, jsonNumber } from "../json.ts";

export interface UserId {
  /** The account's name: the digits as they were sent. */
  readonly account: string;
  /** What the answer says: a number for a number, a string for a string. */
  readonly shown: unknown;
}

/** A user_id: a whole number, or an account's name as a string. Throws INVALID_BODY. */
export function readUserId(value: JsonValue | undefined): UserId {
  if (typeof value === "string" && isId(value)) return { account: value, shown: value };
  if (value instanceof JsonNumber && /^(0|[1-9][0-9]{0,63})$/.test(value.text)) {
    return { account: value.text, shown: jsonNumber(value.text) };
  }
  const rule = "a whole number without sign, or a string of 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`";
  throw invalidBody("/user_id", "PATTERN", value === undefined ? "user_id is missing." : `user_id must be ${rule}.`);
}
