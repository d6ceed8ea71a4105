/**
 * Offers load over keep-alive connections, closed or open. Closed: each connection sends its next request when the last is answered.
 * Open: requests leave at a fixed rate whatever becomes of those before them, several on one connection (pipelined), up to a bound; what
 * is due beyond the bound is counted as not sent, for a client too would give up.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Acknowledged } from "../http/acknowledged.ts";
import { RequestBytes } from "../http/bodies.ts";

/** Milliseconds between looks at what is due. */
const TICK_MS = 2;

/** How long answers are awaited behind the last request, ms: beyond the time after which the service gives up. */
const PATIENCE_MS = 15_000;

const STATUS_LINE = Buffer.from("HTTP/1.1 ");
const STATUS_BYTES = STATUS_LINE.length + 3;

export interface Offer {
  /** Number of the run, part of every id. */
  readonly run: number;
  readonly url: string;
  readonly key: string;
  readonly connections: number;
  readonly bucket: number;
  readonly accounts: number;
  readonly seconds: number;
  /** Requests a second; undefined: the closed loop. */
  readonly rate?: number;
  /** Requests without an answer on one connection at most; 1 in the closed loop. */
  readonly window: number;
}

export interface Offered {
  /** Requests sent; those due but beyond the bound. */
  readonly sent: number;
  readonly notSent: number;
  /** Answers by status, those behind the end of the offering too. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Answers 202 while load was offered, a second. */
  readonly goodput: number;
  /** Requests without an answer, and connections that broke. */
  readonly unanswered: number;
  readonly broken: number;
  readonly acknowledged: Acknowledged;
}

/** Drives one server once. Rejects when it cannot be reached. */
export async function offer(load: Offer): Promise<Offered> {
  const offering = new Offering(load);
  await offering.connect();
  return offering.drive();
}

interface Line {
  readonly index: number;
  readonly socket: Socket;
  readonly request: RequestBytes;
  unanswered: number;
  answered: number;
  /** Bytes behind the last whole status. */
  rest: Buffer;
  isBroken: boolean;
}

class Offering {
  readonly #load: Offer;
  readonly #lines: Line[] = [];
  readonly #statuses = new Map<number, number>();
  readonly #acknowledged: Acknowledged;
  #sent = 0;
  #notSent = 0;
  #good = 0;
  #broken = 0;
  #next = 0;
  #isOffering = true;

  constructor(load: Offer) {
    this.#load = load;
    this.#acknowledged = new Acknowledged(load.run, load.connections);
  }

  async connect(): Promise<void> {
    const { hostname, port } = new URL(this.#load.url);
    for (let index = 0; index < this.#load.connections; index++) {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const request = new RequestBytes({ ...this.#load, shape: "commands", connection: index });
      const line: Line = { index, socket, request, unanswered: 0, answered: 0, rest: Buffer.alloc(0), isBroken: false };
      await once(socket, "connect");
      socket.on("data", (chunk: Buffer) => this.#onData(line, chunk));
      socket.on("error", () => this.#onBroken(line));
      socket.on("close", () => this.#onBroken(line));
      this.#lines.push(line);
    }
  }

  async drive(): Promise<Offered> {
    const { seconds, rate } = this.#load;
    const begin = performance.now();
    const end = begin + seconds * 1000;
    if (rate === undefined) for (const line of this.#lines) this.#send(line);
    let due = 0;
    while (performance.now() < end) {
      if (rate !== undefined) {
        const now = Math.floor(((performance.now() - begin) * rate) / 1000);
        for (; due < now; due++) this.#sendSomewhere();
      }
      await sleep(TICK_MS);
    }
    this.#isOffering = false;
    const goodput = (this.#good * 1000) / (performance.now() - begin);
    const patience = performance.now() + PATIENCE_MS;
    while (this.#open() > 0 && performance.now() < patience) await sleep(20);
    const unanswered = this.#open();
    for (const line of this.#lines) {
      line.isBroken = true;
      line.socket.destroy();
    }
    return {
      sent: this.#sent,
      notSent: this.#notSent,
      statuses: this.#statuses,
      goodput,
      unanswered,
      broken: this.#broken,
      acknowledged: this.#acknowledged,
    };
  }

  #open(): number {
    return this.#lines.reduce((sum, line) => sum + (line.isBroken ? 0 : line.unanswered), 0);
  }

  #sendSomewhere(): void {
    for (let tried = 0; tried < this.#lines.length; tried++) {
      const line = this.#lines[this.#next]!;
      this.#next = (this.#next + 1) % this.#lines.length;
      if (line.isBroken || line.unanswered >= this.#load.window) continue;
      this.#send(line);
      return;
    }
    this.#notSent++;
  }

  #send(line: Line): void {
    line.unanswered++;
    this.#sent++;
    // A copy: the next request is written over it, maybe before the socket has taken it.
    line.socket.write(Buffer.from(line.request.next()));
  }

  #onData(line: Line, chunk: Buffer): void {
    const bytes = line.rest.length === 0 ? chunk : Buffer.concat([line.rest, chunk]);
    let at = bytes.indexOf(STATUS_LINE);
    let end = 0;
    while (at >= 0 && at + STATUS_BYTES <= bytes.length) {
      end = at + STATUS_BYTES;
      this.#onAnswer(line, Number(bytes.toString("latin1", at + STATUS_LINE.length, end)));
      at = bytes.indexOf(STATUS_LINE, end);
    }
    // A status that is cut in two is seen with the next chunk.
    line.rest = Buffer.from(bytes.subarray(Math.max(end, bytes.length - STATUS_BYTES + 1)));
  }

  #onAnswer(line: Line, status: number): void {
    line.unanswered--;
    line.answered++;
    const isGood = status === 202;
    // Answers come in the order of the requests, so their number says which one it is.
    this.#acknowledged.answered(line.index, line.answered, isGood);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (isGood && this.#isOffering) this.#good++;
    if (this.#load.rate === undefined && this.#isOffering) this.#send(line);
  }

  #onBroken(line: Line): void {
    if (line.isBroken) return;
    line.isBroken = true;
    this.#broken++;
  }
}
