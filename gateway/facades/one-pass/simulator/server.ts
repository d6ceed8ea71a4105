/**
 * The third party's HTTP side. Plain node:http, because it shares the machine with what is measured against it: a call costs it about
 * 50 µs, of which a framework would add half.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Behaviour, type Fate, Fates } from "./faults.ts";
import { FundSystem, type PayOutcome, type Truth } from "./fund-system.ts";
import { BadRequest, readBegin, readFinish, readPayment, readUsers } from "./requests.ts";

export const BASE_PATH = "/thirdpart/onePass";

/** Bytes of a body: 500 users, or the uids of a large batch. */
const BODY_CHARACTERS_MAX = 1 << 20;

export interface SimulatorOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly behaviour: Behaviour;
  /** When given, calls with another X-KSY-KINGSTAR-ID or X-KSY-TOKEN are refused. */
  readonly participant: string | undefined;
  readonly token: string | undefined;
}

/** How many calls had which fate, and how many bytes of truth there are to tell. */
export interface FaultCounts {
  http504: number;
  paid504: number;
  crossed: number;
  duplicated: number;
  falseHalves: number;
}

export interface FullTruth extends Truth {
  readonly faults: FaultCounts;
}

interface Envelope {
  readonly code: number;
  readonly msg: string;
}

const OUTCOMES: Readonly<Record<PayOutcome, Envelope>> = Object.freeze({
  paid: { code: 200, msg: "ok" },
  insufficient: { code: 501, msg: "insufficient balance" },
  unknown: { code: 404, msg: "unknown uid" },
  other: { code: 400, msg: "the transactionId was used for another payment" },
});
const OK = OUTCOMES.paid;

export class Simulator {
  readonly #options: SimulatorOptions;
  readonly #funds = new FundSystem();
  readonly #fates: Fates;
  readonly #server: Server;
  readonly #faults: FaultCounts = { http504: 0, paid504: 0, crossed: 0, duplicated: 0, falseHalves: 0 };
  /** The last reply that another request may be given by mistake. */
  #lastReply: string | undefined;

  private constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#fates = new Fates(options.behaviour);
    this.#server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => this.#receive(request, response));
  }

  /** Starts it; resolves once it listens, rejects where it cannot. */
  static async start(options: SimulatorOptions): Promise<Simulator> {
    const simulator = new Simulator(options);
    await new Promise<void>((resolve, reject) => {
      simulator.#server.once("error", reject);
      simulator.#server.listen({ host: options.host, port: options.port }, resolve);
    });
    return simulator;
  }

  /** Base url, without a slash at its end. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    const { host } = this.#options;
    return `http://${host.includes(":") ? `[${host}]` : host}:${port}${BASE_PATH}`;
  }

  truth(): FullTruth {
    return { ...this.#funds.truth(), faults: { ...this.#faults } };
  }

  /** Ends it, with open connections. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      text += part;
      if (text.length > BODY_CHARACTERS_MAX) request.destroy();
    });
    request.on("end", () => this.#answer(request, response, text));
  }

  #answer(request: IncomingMessage, response: ServerResponse, text: string): void {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const name = path.startsWith(`${BASE_PATH}/`) ? path.slice(BASE_PATH.length + 1) : "";
    const requestId = String(request.headers["x-ksy-request-id"] ?? "");
    if (request.method === "GET" && name === "truth") {
      send(response, 200, JSON.stringify(this.truth()));
      return;
    }
    const work = request.method === "POST" ? this.#work(name, query, text) : undefined;
    if (work === undefined) {
      send(response, 404, envelope({ code: 404, msg: "no such call" }, requestId));
      return;
    }
    const refusal = this.#refusal(request, requestId);
    const isSetUp = name === "initAccount";
    if (refusal !== undefined || isSetUp) {
      send(response, 200, envelope(refusal ?? perform(work), requestId));
      return;
    }
    this.#carryOut(work, this.#fates.next(), requestId, response);
  }

  /** What a call does when it is carried out, or undefined where there is no such call. */
  #work(name: string, query: string, text: string): (() => Envelope) | undefined {
    switch (name) {
      case "pay":
        return () => this.#pay(text);
      case "initAccount":
        return () => {
          this.#funds.init(readUsers(text));
          return OK;
        };
      case "batchPayBegin":
        return () => {
          const { batchPayId, uids } = readBegin(text);
          this.#funds.begin(batchPayId, uids);
          return OK;
        };
      case "batchPayFinish":
        return () => {
          this.#funds.finish(readFinish(query, text));
          return OK;
        };
      default:
        return undefined;
    }
  }

  #pay(text: string): Envelope {
    const payment = readPayment(text);
    if (this.#options.behaviour.falseHalf && this.#funds.isFirstHalf(payment)) {
      this.#faults.falseHalves++;
      return OK;
    }
    return OUTCOMES[this.#funds.pay(payment)];
  }

  #refusal({ headers }: IncomingMessage, requestId: string): Envelope | undefined {
    const { participant, token } = this.#options;
    if (requestId === "") return { code: 400, msg: "X-KSY-REQUEST-ID is missing" };
    if (headers["x-ksy-kingstar-id"] === undefined) return { code: 400, msg: "X-KSY-KINGSTAR-ID is missing" };
    if (participant !== undefined && headers["x-ksy-kingstar-id"] !== participant)
      return { code: 401, msg: "the participant is not known" };
    if (token !== undefined && headers["x-ksy-token"] !== token) return { code: 401, msg: "the token is wrong" };
    return undefined;
  }

  /** Does the work when the request arrives, or not at all, and answers a delay later: a caller that dies meanwhile knows neither. */
  #carryOut(work: () => Envelope, fate: Fate, requestId: string, response: ServerResponse): void {
    const { isLost, is504, isCrossed, isDuplicated, delayMs } = fate;
    let reply = "";
    if (isLost) this.#faults.http504++;
    else reply = envelope(perform(work), requestId);
    if (is504) this.#faults.paid504++;
    if (isDuplicated && !isLost) {
      this.#faults.duplicated++;
      setTimeout(() => perform(work), delayMs);
    }
    const other = this.#lastReply;
    if (reply !== "") this.#lastReply = reply;
    if (isCrossed && other !== undefined) {
      this.#faults.crossed++;
      reply = other;
    }
    setTimeout(() => {
      if (isLost || is504) send(response, 504, "<html><body>504 Gateway Time-out</body></html>", "text/html");
      else send(response, 200, reply);
    }, delayMs);
  }
}

function perform(work: () => Envelope): Envelope {
  try {
    return work();
  } catch (error) {
    if (error instanceof BadRequest) return { code: 400, msg: error.message };
    throw error;
  }
}

function envelope({ code, msg }: Envelope, requestId: string): string {
  return `{"code":${code},"msg":"${msg}","requestId":${JSON.stringify(requestId)},"data":null}`;
}

function send(response: ServerResponse, status: number, text: string, type = "application/json"): void {
  response.writeHead(status, ["content-type", type, "content-length", String(Buffer.byteLength(text))]);
  response.end(text);
}
