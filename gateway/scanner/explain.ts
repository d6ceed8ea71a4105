/**
 * Why a body was refused: slow, and on its own, so that the scanner need not know. A body gives an error here if and only
 * if the scanner refuses it; a test holds the two together.
 */
import { BODY_BYTES_MAX, BUCKET_COMMANDS_MAX } from "../../engine/index.ts";
import type { ScanContext } from "./command.ts";
import { explainCommand } from "./explain-command.ts";
import { JsonReader } from "./json-reader.ts";
import { type BodyError, Problems, StopExplaining } from "./problems.ts";

/**
 * Everything that is wrong with a body that `scan` refused: 1 to 20 errors in the order of the text, or none if the body
 * is well-formed. Behind a fault of JSON itself, or an object or array
 * where none can stand, nothing is read.
 */
export function explain(body: Uint8Array, context: ScanContext): BodyError[] {
  const problems = new Problems();
  try {
    explainBody(body, context, problems);
  } catch (error) {
    if (!(error instanceof StopExplaining)) throw error;
  }
  return problems.list;
}

function explainBody(body: Uint8Array, context: ScanContext, problems: Problems): void {
  const reader = new JsonReader(decode(body, problems), problems);
  let hasCommands = false;
  if (reader.peek() !== "{") {
    // A scalar may be no JSON either, which is told first.
    if (reader.peek() !== "[") reader.value("");
    problems.stop("", "WRONG_TYPE", "The body must be an object.");
  }
  reader.object("", (key, pointer) => {
    if (key === "commands") {
      hasCommands = true;
      explainCommands(reader, pointer, context, problems);
    } else if (key === "atomic") {
      if (reader.value(pointer).kind !== "boolean")
        problems.add(pointer, "WRONG_TYPE", "atomic must be true or false.");
    } else {
      reader.value(pointer, "UNKNOWN_FIELD");
      problems.add(pointer, "UNKNOWN_FIELD", "The body has the fields commands and atomic only.");
    }
  });
  reader.end();
  if (!hasCommands) problems.add("/commands", "MISSING_FIELD", "The body needs commands.");
}

/** The body's text, for any format. */
export function decode(body: Uint8Array, problems: Problems): string {
  if (body.length > BODY_BYTES_MAX) {
    problems.stop("", "BODY_TOO_LARGE", `The body has more than ${BODY_BYTES_MAX} bytes.`);
  }
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    problems.stop("", "BYTE_ORDER_MARK", "The body starts with a byte order mark; JSON has none.");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return problems.stop("", "INVALID_UTF8", "The body is not UTF-8.");
  }
}

function explainCommands(reader: JsonReader, pointer: string, context: ScanContext, problems: Problems): void {
  if (reader.peek() !== "[") {
    reader.value(pointer);
    problems.add(pointer, "WRONG_TYPE", "commands must be an array.");
    return;
  }
  let count = 0;
  reader.array(pointer, (_index, inner) => {
    if (++count > BUCKET_COMMANDS_MAX) {
      problems.stop(pointer, "TOO_MANY_COMMANDS", `A bucket has at most ${BUCKET_COMMANDS_MAX} commands.`);
    }
    explainCommand(reader, inner, context, problems);
  });
  if (count === 0) problems.add(pointer, "EMPTY_COMMANDS", "commands must have at least one command.");
}
