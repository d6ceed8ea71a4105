/** Turns whatever a route threw into the one error that the client is told about. */
import type { FastifyError, FastifySchemaValidationError } from "fastify";
import { ApiError, type BodyFault, type ErrorCode } from "./errors.ts";

/** Fastify's own refusals → our codes. Their messages are for clients already. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "INVALID_BODY",
  FST_ERR_CTP_INVALID_JSON_BODY: "INVALID_BODY",
  FST_ERR_CTP_EMPTY_JSON_BODY: "INVALID_BODY",
  FST_ERR_BAD_URL: "INVALID_REQUEST",
  FST_ERR_MAX_PARAM_LENGTH: "INVALID_REQUEST",
  FST_ERR_ASYNC_CONSTRAINT: "INVALID_REQUEST",
});

/** Codes of node:http's parser → ours; all others are a broken request. */
const SOCKET_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
});

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** An ApiError as it is; refusals of the framework translated; anything else INTERNAL, its text kept from the client. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { validation, validationContext, message } = error as Partial<FastifyError>;
  if (validation !== undefined) return fromValidation(validation, { context: validationContext, message });
  const code = FRAMEWORK_CODES[codeOf(error)];
  if (code !== undefined) return new ApiError(code, message, { cause: error });
  return new ApiError("INTERNAL", undefined, { cause: error });
}

/** A fault below HTTP: the request could not be read. */
export function fromSocketError(error: Error): ApiError {
  const code = SOCKET_CODES[codeOf(error)];
  return code === undefined ? new ApiError("INVALID_REQUEST", "The request is not HTTP.") : new ApiError(code);
}

function fromValidation(
  faults: readonly FastifySchemaValidationError[],
  { context, message }: { context: string | undefined; message: string | undefined },
): ApiError {
  const errors = faults.map(toBodyFault);
  if (context !== "body")
    return new ApiError("INVALID_REQUEST", `${context ?? "request"}: ${errors[0]?.detail ?? message}`);
  return new ApiError("INVALID_BODY", errors[0]?.detail, { errors });
}

const escapePointer = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** Ajv names the object that lacks or exceeds; clients want the field. */
function toBodyFault({ keyword, instancePath, params, message }: FastifySchemaValidationError): BodyFault {
  const field = params.missingProperty ?? params.additionalProperty;
  const pointer = typeof field === "string" ? `${instancePath}/${escapePointer(field)}` : instancePath;
  const code = keyword === "additionalProperties" ? "UNKNOWN_FIELD" : snake(keyword);
  const rule = keyword === "additionalProperties" ? "is not a known field" : (message ?? "is not valid");
  return { pointer, code, detail: `${pointer === "" ? "The body" : pointer} ${rule}.` };
}

const snake = (keyword: string) => keyword.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
