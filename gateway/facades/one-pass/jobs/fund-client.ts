/** Calls of the third party over kept-alive connections. A reply counts only if it is whole, in time, and answers this very request. */
import { randomBytes } from "node:crypto";
import { type ClientRequest, Agent as HttpAgent, type RequestOptions, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { CALLS_MAX } from "./concurrency.ts";
import type { FundSettings } from "./types.ts";

/** `code`: of the envelope of a reply that is believed. `why`: there is none, and whether the call was carried out is not known. */
export type FundReply = { readonly code: number; readonly msg: string } | { readonly why: string };

/** Characters of a reply; an envelope has some hundred. */
const REPLY_CHARACTERS_MAX = 65_536;

/** Milliseconds between looks for calls that have waited too long. */
const LATE_LOOK_MS = 100;

interface Call {
  readonly request: ClientRequest;
  readonly deadlineMs: number;
}

export class FundClient {
  readonly #settings: FundSettings;
  readonly #options: RequestOptions;
  readonly #request: typeof requestHttp;
  readonly #agent: HttpAgent;
  readonly #path: string;
  readonly #calls = new Set<Call>();
  readonly #late: NodeJS.Timeout;
  /** Request ids are this and a count: new with every attempt, and with every start. */
  readonly #idPrefix = randomBytes(9).toString("base64url");
  #ids = 0;

  constructor(settings: FundSettings) {
    this.#settings = settings;
    const { protocol, hostname, port, pathname } = new URL(settings.url);
    const isSecure = protocol === "https:";
    this.#request = isSecure ? requestHttps : requestHttp;
    const agent = { keepAlive: true, maxSockets: CALLS_MAX, scheduling: "lifo" } as const;
    this.#agent = isSecure ? new HttpsAgent(agent) : new HttpAgent(agent);
    this.#path = pathname.replace(/\/$/, "");
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    this.#options = { agent: this.#agent, host, method: "POST", ...(port === "" ? {} : { port }) };
    this.#late = setInterval(() => this.#endLate(), LATE_LOOK_MS);
  }

  /** Posts JSON to a call such as `pay`. Never rejects. */
  post(call: string, body: string): Promise<FundReply> {
    const requestId = `${this.#idPrefix}.${(this.#ids++).toString(36)}`;
    return new Promise((resolve) => {
      const headers = this.#headers(requestId, body);
      const request = this.#request({ ...this.#options, path: `${this.#path}/${call}`, headers });
      const entry: Call = { request, deadlineMs: performance.now() + this.#settings.timeoutMs };
      this.#calls.add(entry);
      const settle = (reply: FundReply) => {
        this.#calls.delete(entry);
        resolve(reply);
      };
      request.on("error", (error) => settle({ why: error.message }));
      // Without an error, too: so Node ends a request whose server answers 101. With a reply it may come before the reply is read.
      const onClose = () => settle({ why: "the connection was closed" });
      request.on("close", onClose);
      request.on("response", (response) => {
        request.off("close", onClose);
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
          if (text.length > REPLY_CHARACTERS_MAX) request.destroy(new Error("the reply is too long"));
        });
        response.on("end", () => settle(believe(response.statusCode ?? 0, text, requestId)));
        response.on("error", (error) => settle({ why: error.message }));
        response.on("close", () => settle({ why: "the reply broke off" }));
      });
      request.end(body);
    });
  }

  #headers(requestId: string, body: string): Record<string, string> {
    const { participant, token } = this.#settings;
    return {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "x-ksy-kingstar-id": participant,
      "x-ksy-request-id": requestId,
      ...(token === undefined ? {} : { "x-ksy-token": token }),
    };
  }

  /** One look for all, because a timer a call costs more than the call's bookkeeping. */
  #endLate(): void {
    const nowMs = performance.now();
    for (const { request, deadlineMs } of this.#calls) {
      if (deadlineMs <= nowMs) request.destroy(new Error("no reply in time"));
    }
  }

  close(): void {
    clearInterval(this.#late);
    this.#agent.destroy();
  }
}

/** What a reply says; an HTTP error, something that is no envelope, and the answer to another request say nothing. */
function believe(status: number, text: string, requestId: string): FundReply {
  if (status !== 200) return { why: `HTTP ${status}` };
  let envelope: { readonly code?: unknown; readonly msg?: unknown; readonly requestId?: unknown } | null;
  try {
    envelope = JSON.parse(text);
  } catch {
    return { why: "the reply is no JSON" };
  }
  if (typeof envelope?.code !== "number") return { why: "the reply has no code" };
  if (envelope.requestId !== requestId) return { why: "the reply belongs to another request" };
  return { code: envelope.code, msg: String(envelope.msg ?? "") };
}
