/** One array of orders on its way: from its bytes to its answer. The only object that the route makes a request. */
import type { ServerResponse } from "node:http";
import { SECRET_HEADER } from "../../auth.ts";
import { ApiError } from "../../errors.ts";
import { toApiError } from "../../fault.ts";
import { sendAnswer } from "../../hot/answer.ts";
import type { BodySink } from "../../hot/body.ts";
import { lossOf, type Reply, replyFault, type Waiting } from "../../link/pending.ts";
import { refusalHeaders, renderRefusal, SUCCESS } from "./envelope.ts";
import type { OrderSender } from "./order-sender.ts";

/** Milliseconds after which the outcome counts as unknown. */
const WAIT_MS = 10_000;

/** What all requests share. */
export interface OrderParts {
  readonly sender: OrderSender;
  /** Counts an answer by its status. */
  readonly count: (status: number) => void;
  /** Told of what is no refusal but a fault. */
  readonly onFault: (error: unknown, requestId: string) => void;
}

export class OrderRequest implements Waiting, BodySink {
  readonly #parts: OrderParts;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  /** Index of the partner whose orders alone are taken, or 0. */
  only = 0;
  /** Throws what refuses the whole body before it is scanned: its signature. */
  check: ((body: Uint8Array) => void) | undefined;
  /** For a service that sent an old secret. */
  notice: string | undefined;
  deadline = 0;
  /** Groups that have not answered yet, and those that have the orders on disk. */
  #open = 0;
  #durable = 0;
  #fault: ApiError | undefined;
  #isAnswered = false;

  constructor(parts: OrderParts, response: ServerResponse, requestId: string) {
    this.#parts = parts;
    this.#response = response;
    this.#requestId = requestId;
  }

  onBody(body: Uint8Array): void {
    try {
      this.check?.(body);
      this.deadline = performance.now() + WAIT_MS;
      // No group can answer within the call: answers are taken from the event loop.
      this.#open = this.#parts.sender.send(body, this.only, this);
    } catch (error) {
      this.refuse(error);
    }
  }

  onRefused(error: ApiError): void {
    this.refuse(error);
  }

  settle(reply: Reply): void {
    const fault = replyFault(reply);
    if (fault === undefined) this.#durable++;
    else this.#fault = fault;
    if (--this.#open > 0 || this.#isAnswered) return;
    if (this.#fault === undefined) this.#succeed();
    else if (this.#durable === 0) this.refuse(this.#fault);
    else this.refuse(new ApiError("OUTCOME_UNKNOWN", "Some groups have the orders, another could not take them."));
  }

  lost(why: "late" | "down"): void {
    if (!this.#isAnswered) this.refuse(lossOf(why));
  }

  #succeed(): void {
    const { notice } = this;
    this.#isAnswered = true;
    this.#parts.count(200);
    sendAnswer(this.#response, {
      status: 200,
      body: SUCCESS,
      bytes: SUCCESS.length,
      requestId: this.#requestId,
      notice,
    });
  }

  /** Answers with the envelope of an error. */
  refuse(error: unknown): void {
    const problem = toApiError(error);
    const response = this.#response;
    this.#isAnswered = true;
    if (problem.code === "INTERNAL") this.#parts.onFault(error, this.#requestId);
    this.#parts.count(problem.status);
    if (response.headersSent || response.destroyed) return;
    const body = renderRefusal(problem);
    const headers = refusalHeaders(problem, this.#requestId);
    headers["content-length"] = String(Buffer.byteLength(body));
    if (this.notice !== undefined) headers[SECRET_HEADER] = this.notice;
    response.writeHead(problem.status, headers);
    response.end(body);
  }
}
