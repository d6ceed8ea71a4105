/**
 * The HTTP errors: the only place where their codes are written. `docs/ERRORS.md` and the OpenAPI document are held equal
 * to this table by tests. Result codes of commands are another thing: see `engine/codes.ts`.
 */

/** May the client send the same request again, unchanged? `same ids`: only with the ids it used. */
type Retry = "no" | "yes" | "same ids";

interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  readonly meaning: string;
  readonly retry: Retry;
}

const define = (status: number, title: string, meaning: string, retry: Retry = "no"): ErrorDefinition =>
  Object.freeze({ status, title, meaning, retry });

export const HTTP_ERRORS = Object.freeze({
  INVALID_BODY: define(
    400,
    "Invalid body",
    "The body breaks its schema. `errors` points at each fault; nothing was applied.",
  ),
  INVALID_REQUEST: define(400, "Invalid request", "The path, the query or a header breaks its rule."),
  UNAUTHENTICATED: define(401, "Not authenticated", "No key was sent, or it is not known or was revoked."),
  SIGNATURE_INVALID: define(
    401,
    "Signature invalid",
    "The request must be signed, and is not, or its signature is wrong, too old, or ahead of our clock; nothing was taken.",
  ),
  FORBIDDEN: define(403, "Forbidden", "The key is good, but not for this route."),
  PARTNER_SUSPENDED: define(403, "Partner suspended", "The partner is suspended: it may read, but not send commands."),
  NOT_FOUND: define(404, "Not found", "No route, partner, group, key, or service has this name."),
  ACCOUNT_NOT_FOUND: define(404, "Account not found", "The partner has no account of this name in this currency."),
  COMMAND_NOT_FOUND: define(404, "Command not found", "No command of this id is remembered."),
  REQUEST_TIMEOUT: define(408, "Request timeout", "The request did not arrive in time; nothing was taken.", "yes"),
  CONFLICT: define(409, "Conflict", "The change contradicts what is there already."),
  RESULTS_TRIMMED: define(410, "Results trimmed", "Results before `oldest` are not kept any more."),
  HISTORY_TRIMMED: define(
    410,
    "History trimmed",
    "The point in time lies before `oldest`, the first sequence still kept.",
  ),
  BODY_TOO_LARGE: define(413, "Body too large", "The body has too many bytes or commands; nothing was taken."),
  UNSUPPORTED_MEDIA_TYPE: define(415, "Unsupported media type", "The body must be `application/json`."),
  RATE_LIMITED: define(429, "Rate limited", "Too many requests or open streams; nothing was taken.", "yes"),
  HEADERS_TOO_LARGE: define(431, "Headers too large", "The request's headers have too many bytes."),
  INTERNAL: define(500, "Internal error", "A fault of the service. For commands the outcome is unknown.", "same ids"),
  OVERLOADED: define(503, "Overloaded", "The group has no room at the moment; nothing was taken.", "yes"),
  STORE_DOWN: define(
    503,
    "Store down",
    "The store that keeps entries cannot answer; commands and balances go on.",
    "yes",
  ),
  GROUP_DOWN: define(503, "Group down", "The group is recovering or has stopped; nothing was taken.", "yes"),
  OUTCOME_UNKNOWN: define(503, "Outcome unknown", "Not durable in time: it may be applied or not.", "same ids"),
  DISK_FULL: define(503, "Disk full", "The disk is nearly full, so commands are refused; nothing was taken.", "yes"),
  GROUP_FULL: define(
    503,
    "Group full",
    "The group has as many accounts or holds as it may, so commands are refused until the operator allows more; nothing was taken.",
    "yes",
  ),
  STOPPING: define(503, "Stopping", "The service is shutting down; nothing was taken.", "yes"),
});

export type ErrorCode = keyof typeof HTTP_ERRORS;

/** All codes, in the order of the table. */
export const ERROR_CODES = Object.keys(HTTP_ERRORS) as readonly ErrorCode[];

/** One fault of a refused body: an RFC 6901 pointer into it, a short code in upper snake case, a sentence. */
export interface BodyFault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export interface ApiErrorOptions {
  readonly errors?: readonly BodyFault[];
  /** First sequence still kept; for the TRIMMED codes. */
  readonly oldest?: number;
  /** Seconds, at least 1; 429 and 503 say 1 unless given. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An error that a client is told about. `detail` is shown to the client, so it holds no internals. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly errors: readonly BodyFault[] | undefined;
  readonly oldest: number | undefined;
  /** Seconds for `Retry-After`; undefined where the status carries none. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, detail: string = HTTP_ERRORS[code].meaning, options: ApiErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = HTTP_ERRORS[code].status;
    this.errors = options.errors;
    this.oldest = options.oldest;
    const retries = this.status === 429 || this.status === 503;
    this.retryAfterSeconds = retries ? (options.retryAfterSeconds ?? 1) : undefined;
  }
}

/** A refused body with one fault; `pointer` is an RFC 6901 pointer, `""` the whole body. */
export function invalidBody(pointer: string, code: string, detail: string): ApiError {
  return new ApiError("INVALID_BODY", detail, { errors: [{ pointer, code, detail }] });
}
