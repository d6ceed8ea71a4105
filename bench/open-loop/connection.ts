/** One keep-alive connection with one request under way: a raw socket and the little of HTTP that answers of known length need. */
import { connect, type Socket } from "node:net";
import { RequestBytes, type RequestOptions } from "../http/bodies.ts";

/** Bytes read from a socket at once: an answer and more. */
const READ_BYTES = 16 << 10;

const END_OF_HEAD = "\r\n\r\n";

/** Where an answer's head ends and what it says; `length` is the body's, -1 where the head does not tell. */
export interface Head {
  readonly status: number;
  readonly length: number;
  readonly bodyAt: number;
}

/** Reads the head of an answer; undefined while it is not whole. */
export function parseHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const text = bytes.toString("latin1", 0, end + 2);
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text);
  return {
    status: Number(text.slice(9, 12)),
    length: length === null ? -1 : Number(length[1]),
    bodyAt: end + END_OF_HEAD.length,
  };
}

export interface ConnectionEvents {
  /** The answer to the request under way is whole. */
  onAnswer(connection: Connection, status: number, bytes: number): void;
  /** The connection is gone; what it had under way has no answer. */
  onBroken(connection: Connection, why: string): void;
}

export class Connection {
  readonly index: number;
  /** When the request under way should have left, by `performance.now()`. */
  plannedMs = 0;
  isBusy = false;
  readonly #request: RequestBytes;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  /** Head seen only in part so far, which is rare. */
  #partial: Buffer | undefined;
  #status = 0;
  #answerBytes = 0;
  /** Bytes of the body still to come; -1 while the head is awaited. */
  #left = -1;
  #isBroken = false;

  constructor(options: RequestOptions, events: ConnectionEvents, onConnect: () => void) {
    this.index = options.connection;
    this.#request = new RequestBytes(options);
    this.#events = events;
    const { hostname, port } = new URL(options.url);
    const onread = {
      // Read into one buffer for good: a new one for each answer would be most of the garbage.
      buffer: new Uint8Array(READ_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.#onData(Buffer.from(buffer.buffer, buffer.byteOffset, count));
        return true;
      },
    };
    // An address of IPv6 stands in brackets in a url only.
    const host = hostname.replace(/^\[|\]$/g, "");
    this.#socket = connect({ host, port: Number(port || 80), noDelay: true, onread }, onConnect);
    this.#socket.on("error", (error) => this.#break(error.message));
    this.#socket.on("close", () => this.#break("closed by the server"));
  }

  /** Number of the request sent last. */
  get request(): number {
    return this.#request.request;
  }

  /** Bytes of a request. */
  get requestBytes(): number {
    return this.#request.bytes.length;
  }

  /** Sends the next request. Its bytes stay as they are until the answer is in, so nothing of them is left to be sent then. */
  send(plannedMs: number): void {
    this.plannedMs = plannedMs;
    this.isBusy = true;
    this.#socket.write(this.#request.next());
  }

  destroy(): void {
    this.#isBroken = true;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (!this.isBusy) this.#break("the server sent what nobody asked for");
    else if (this.#left < 0) this.#onHead(chunk);
    else this.#onBody(chunk.length, this.#left - chunk.length);
  }

  #onHead(chunk: Buffer): void {
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    const head = parseHead(bytes);
    // A copy, for the next read overwrites the chunk.
    this.#partial = head === undefined ? Buffer.from(bytes) : undefined;
    if (head === undefined) return;
    if (head.length < 0) {
      this.#break("the answer has no Content-Length, which this generator needs");
      return;
    }
    this.#status = head.status;
    this.#answerBytes = 0;
    this.#onBody(bytes.length, head.bodyAt + head.length - bytes.length);
  }

  /** So many bytes of the answer came, and so many are left. */
  #onBody(came: number, left: number): void {
    this.#answerBytes += came;
    this.#left = left;
    if (left > 0) return;
    if (left < 0) {
      this.#break("the server sent more than one answer");
      return;
    }
    this.#left = -1;
    this.isBusy = false;
    this.#events.onAnswer(this, this.#status, this.#answerBytes);
  }

  #break(why: string): void {
    if (this.#isBroken) return;
    this.destroy();
    this.#events.onBroken(this, why);
  }
}
