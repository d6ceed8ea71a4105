/** Reading the bodies of facades' calls. */
import { invalidBody } from "../errors.ts";
import { JsonNumber, type JsonValue } from "./json.ts";

/** The fields of a body that must be an object with no others than `names`. Throws INVALID_BODY. */
export function readFields(
  body: unknown,
  names: readonly string[],
): { readonly [name: string]: JsonValue | undefined } {
  const shape = `{${names.map((name) => `"${name}":…`).join(",")}}`;
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body) && !(body instanceof JsonNumber);
  if (!isObject) throw invalidBody("", "TYPE", `The body must be a JSON object: ${shape}.`);
  const unknown = Object.keys(body).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidBody(
      `/${escapePointer(unknown)}`,
      "UNKNOWN_FIELD",
      `The body has a field that is not known; it must be ${shape}.`,
    );
  }
  return body as { readonly [name: string]: JsonValue };
}

const escapePointer = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
