/** One bucket on its way: from its bytes to its answer. The only object that the hot route makes a request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { BODY_BYTES_MAX, RESULT_BYTES_MAX, ringLayout } from "../../engine/index.ts";
import { type Names, renderRecords } from "../../results/index.ts";
import { ApiError } from "../errors.ts";
import { toApiError } from "../fault.ts";
import type { GroupLink } from "../link/group-link.ts";
import type { Reply, Waiting } from "../link/pending.ts";
import { problemHeaders, renderProblem } from "../problem.ts";
import { type CommandScanner, explain, FULL, type RecordTarget, type ScanContext } from "../scanner/index.ts";
import type { Wait } from "./prefer.ts";

const { ENTRY } = ringLayout;
const JSON_TYPE = "application/json; charset=utf-8";

/** What all requests share. */
export interface HotParts {
  readonly scanner: CommandScanner;
  readonly names: Names;
  /** Counts an answer by its status. */
  readonly count: (status: number) => void;
  /** Told of what is no refusal but a fault. */
  readonly onFault: (error: unknown, requestId: string) => void;
}

export class CommandRequest implements Waiting {
  readonly #parts: HotParts;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #link: GroupLink;
  readonly #context: ScanContext;
  readonly #wait: Wait;
  deadline = 0;

  constructor(
    parts: HotParts,
    response: ServerResponse,
    options: { requestId: string; link: GroupLink; context: ScanContext; wait: Wait },
  ) {
    this.#parts = parts;
    this.#response = response;
    this.#requestId = options.requestId;
    this.#link = options.link;
    this.#context = options.context;
    this.#wait = options.wait;
  }

  /** Scans the body into the group's ring and sends it; answers at once when it is refused. */
  onBody(body: Uint8Array): void {
    try {
      this.#submit(body);
    } catch (error) {
      this.refuse(error);
    }
  }

  onRefused(error: ApiError): void {
    this.refuse(error);
  }

  #submit(body: Uint8Array): void {
    const link = this.#link;
    const length = body.byteLength;
    if (length > BODY_BYTES_MAX) throw new ApiError("BODY_TOO_LARGE");
    link.assertTakesCommands();
    // A record is never longer than its JSON text, so this much always does.
    const start = link.claim(length + 64);
    if (start < 0) throw new ApiError("OVERLOADED");
    const target = targetOf(link, start, length + 64);
    const count = this.#parts.scanner.scan(body, length, this.#context, target);
    if (count < 0) throw this.#refusal(body, count);
    const bytes = this.#parts.scanner.end - start;
    const { withResults, ms } = this.#wait;
    const replyBytes = withResults ? bytes + count * RESULT_BYTES_MAX : 0;
    if (!link.pending.hasRoom(replyBytes)) throw new ApiError("OVERLOADED");
    this.deadline = performance.now() + ms;
    link.send(withResults ? ENTRY.commandsWithResults : ENTRY.commands, bytes, count, this, replyBytes);
  }

  #refusal(body: Uint8Array, count: number): ApiError {
    if (count === FULL) return new ApiError("OVERLOADED");
    const errors = explain(body, this.#context);
    if (errors.some((error) => error.code === "TOO_MANY_COMMANDS")) return new ApiError("BODY_TOO_LARGE");
    return new ApiError("INVALID_BODY", errors[0]?.detail, { errors });
  }

  settle(reply: Reply): void {
    try {
      if (reply.kind === ENTRY.diskFull) throw new ApiError("DISK_FULL");
      if (reply.kind === ENTRY.results) {
        const body = this.#done(reply);
        this.#answer(200, body, Buffer.byteLength(body));
      } else {
        // ASCII throughout, so its length is its bytes.
        const body = this.#head("pending", reply);
        this.#answer(202, body, body.length);
      }
    } catch (error) {
      this.refuse(error);
    }
  }

  #head(status: string, { sequence, count }: Reply): string {
    return `{"status":"${status}","group":"${this.#link.name}","sequence":${sequence},"count":${count},"requestId":"${this.#requestId}"}`;
  }

  #done(reply: Reply): string {
    const { memory, start, end, sequence, timeMs } = reply;
    const results = renderRecords(memory, start, end, sequence, timeMs, this.#parts.names);
    return `${this.#head("done", reply).slice(0, -1)},"results":[${results.join(",")}]}`;
  }

  lost(why: "late" | "down"): void {
    const detail =
      why === "down" ? "The group failed while the bucket was under way; send the same ids again." : undefined;
    this.refuse(new ApiError("OUTCOME_UNKNOWN", detail));
  }

  #answer(status: number, body: string, bytes: number): void {
    const response = this.#response;
    this.#parts.count(status);
    if (response.destroyed) return;
    response.writeHead(status, [
      "content-type",
      JSON_TYPE,
      "content-length",
      String(bytes),
      "x-request-id",
      this.#requestId,
      "cache-control",
      "no-store",
    ]);
    response.end(body);
  }

  /** Answers with a problem document. */
  refuse(error: unknown): void {
    const problem = toApiError(error);
    if (problem.code === "INTERNAL") this.#parts.onFault(error, this.#requestId);
    sendProblem(this.#response, problem, this.#requestId);
    this.#parts.count(problem.status);
  }
}

/** Answers a hijacked request with a problem document. */
export function sendProblem(response: ServerResponse, problem: ApiError, requestId: string): void {
  if (response.headersSent || response.destroyed) return;
  const body = renderProblem(problem, requestId);
  const headers = { ...problemHeaders(problem, requestId), "content-length": String(Buffer.byteLength(body)) };
  response.writeHead(problem.status, headers);
  response.end(body);
}

function targetOf({ memory }: GroupLink, start: number, bytes: number): RecordTarget {
  return { bytes: memory.bytes, words: memory.words, floats: memory.floats, start, limit: start + bytes };
}

/** True if the request says that its body is JSON. */
export function isJson(request: IncomingMessage): boolean {
  const type = request.headers["content-type"];
  return type !== undefined && /^application\/json *(;|$)/i.test(type);
}
