/** From the bytes of a record to a message, or to why it is none. */
import { HEADER, MESSAGE_TYPE, type Result, type ResultsMessage } from "../message.ts";

/** A record as a Kafka client hands it over. */
export interface RawMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

/** A message whose parts agree with each other. */
export interface ParsedMessage {
  readonly journal: string;
  readonly message: ResultsMessage;
}

/** `newer-version`: made by a later version, which this one cannot judge. `poison`: not what a publisher writes. */
export interface BadMessage {
  readonly kind: "newer-version" | "poison";
  readonly why: string;
}

const poison = (why: string): BadMessage => ({ kind: "poison", why });

const VERSION = /^ringfence\.results\.v([1-9][0-9]*)$/;

export function parseMessage(raw: RawMessage): ParsedMessage | BadMessage {
  const header = (name: string): string | undefined => {
    const found = raw.headers?.[name];
    return found === undefined ? undefined : String(found);
  };
  const type = header(HEADER.type);
  if (type !== MESSAGE_TYPE) {
    if (type !== undefined && VERSION.test(type)) {
      return { kind: "newer-version", why: `its type is ${type}, and this version reads ${MESSAGE_TYPE}` };
    }
    return poison(`its type is ${type ?? "missing"}, not ${MESSAGE_TYPE}`);
  }
  const journal = header(HEADER.journal);
  if (journal === undefined) return poison("it does not say of which journal it is");
  const message = parseValue(raw.value);
  if (typeof message === "string") return poison(message);
  if (String(raw.key) !== message.group) return poison(`its key is ${raw.key}, but its group ${message.group}`);
  const { first, count } = message;
  if (header(HEADER.first) !== String(first) || header(HEADER.count) !== String(count)) {
    return poison("its headers and its value have different sequences");
  }
  return { journal, message };
}

/** The value as a message, or what is wrong with it. */
function parseValue(value: Buffer | null): ResultsMessage | string {
  let found: unknown;
  try {
    found = JSON.parse(String(value));
  } catch {
    return "its value is no JSON";
  }
  if (typeof found !== "object" || found === null) return "its value is no object";
  const { group, epoch, first, count, at, results } = found as { readonly [key: string]: unknown };
  if (typeof group !== "string" || typeof at !== "string") return "its group or time is missing";
  if (!isSequence(epoch) || !isSequence(first) || !isSequence(count)) return "its epoch, first or count is no number";
  if (!Array.isArray(results) || results.length !== count) return "it has other results than it counts";
  for (const [i, result] of results.entries()) {
    if ((result as Partial<Result> | null)?.sequence !== first + i) return `its result ${i} is not ${first + i}`;
  }
  return { group, epoch, first, count, at, results: results as readonly Result[] };
}

function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
