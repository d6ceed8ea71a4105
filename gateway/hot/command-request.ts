/** One bucket on its way: from its bytes to its answer. The only object that the hot route makes a request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ringLayout } from "../../engine/index.ts";
import { type Names, renderRecords } from "../../results/index.ts";
import { SECRET_HEADER } from "../auth.ts";
import type { ApiError } from "../errors.ts";
import { toApiError } from "../fault.ts";
import type { GroupLink } from "../link/group-link.ts";
import { lossOf, type Reply, replyFault, type Waiting } from "../link/pending.ts";
import { problemHeaders, renderProblem } from "../problem.ts";
import type { CommandScanner, ScanContext } from "../scanner/index.ts";
import { sendAnswer } from "./answer.ts";
import type { Wait } from "./prefer.ts";
import { sendBucket } from "./send-bucket.ts";

const { ENTRY } = ringLayout;

/** What all requests share. */
export interface HotParts {
  readonly scanner: CommandScanner;
  readonly names: Names;
  /** Counts an answer by its status. */
  readonly count: (status: number) => void;
  /** Told of what is no refusal but a fault. */
  readonly onFault: (error: unknown, requestId: string) => void;
}

export interface CommandRequestOptions {
  readonly requestId: string;
  readonly link: GroupLink;
  readonly context: ScanContext;
  readonly wait: Wait;
  /** For a service that sent an old secret. */
  readonly notice: string | undefined;
  /** Throws what refuses the whole body before it is scanned: its signature. Undefined for a request without one. */
  readonly check: ((body: Uint8Array) => void) | undefined;
}

export class CommandRequest implements Waiting {
  readonly #parts: HotParts;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #link: GroupLink;
  readonly #context: ScanContext;
  readonly #wait: Wait;
  readonly #check: ((body: Uint8Array) => void) | undefined;
  /** For a service that sent an old secret. */
  readonly #notice: string | undefined;
  deadline = 0;

  constructor(parts: HotParts, response: ServerResponse, options: CommandRequestOptions) {
    this.#parts = parts;
    this.#response = response;
    this.#requestId = options.requestId;
    this.#link = options.link;
    this.#context = options.context;
    this.#wait = options.wait;
    this.#check = options.check;
    this.#notice = options.notice;
  }

  /** Scans the body into the group's ring and sends it; answers at once when it is refused. */
  onBody(body: Uint8Array): void {
    try {
      this.#check?.(body);
      this.#submit(body);
    } catch (error) {
      this.refuse(error);
    }
  }

  onRefused(error: ApiError): void {
    this.refuse(error);
  }

  #submit(body: Uint8Array): void {
    const { withResults, ms } = this.#wait;
    this.deadline = performance.now() + ms;
    const { scanner } = this.#parts;
    sendBucket(body, { scanner, link: this.#link, context: this.#context, withResults, waiting: this });
  }

  settle(reply: Reply): void {
    try {
      const fault = replyFault(reply);
      if (fault !== undefined) throw fault;
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
    this.refuse(lossOf(why));
  }

  #answer(status: number, body: string, bytes: number): void {
    this.#parts.count(status);
    sendAnswer(this.#response, { status, body, bytes, requestId: this.#requestId, notice: this.#notice });
  }

  /** Answers with a problem document. */
  refuse(error: unknown): void {
    const problem = toApiError(error);
    if (problem.code === "INTERNAL") this.#parts.onFault(error, this.#requestId);
    if (this.#notice !== undefined) this.#response.setHeader(SECRET_HEADER, this.#notice);
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

/** True if the request says that its body is JSON. */
export function isJson({ headers }: Pick<IncomingMessage, "headers">): boolean {
  const type = headers["content-type"];
  return type !== undefined && /^application\/json *(;|$)/i.test(type);
}
