/**
 * Requests with new ids, made by writing digits into a buffer that is otherwise ready: with JSON.stringify the generator, not the
 * server, would be what is measured. An id is `b<run>-<connection>-<request>-<place>`, all of fixed width.
 */
import { Random } from "../records.ts";

const RUN_DIGITS = 3;
const CONNECTION_DIGITS = 4;
const REQUEST_DIGITS = 9;
const PLACE_DIGITS = 4;
const ACCOUNT_DIGITS = 7;
const ZERO = 0x30;

/** Which request an id belongs to. */
export interface IdParts {
  readonly run: number;
  readonly connection: number;
  readonly request: number;
}

const ID = new RegExp(
  `^b(\\d{${RUN_DIGITS}})-(\\d{${CONNECTION_DIGITS}})-(\\d{${REQUEST_DIGITS}})-\\d{${PLACE_DIGITS}}$`,
);

/** Reads an id back; undefined for any other text. */
export function parseId(id: string): IdParts | undefined {
  const found = ID.exec(id);
  if (found === null) return undefined;
  return { run: Number(found[1]), connection: Number(found[2]), request: Number(found[3]) };
}

export interface RequestOptions {
  /** Number of the run, 0 to 999: ids of different runs differ. */
  readonly run: number;
  readonly connection: number;
  readonly bucket: number;
  readonly accounts: number;
  readonly url: string;
  readonly key: string;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}

/** The request of one connection, as bytes to be written to its socket. */
export class RequestBytes {
  readonly bytes: Buffer;
  readonly #requestAt: number[] = [];
  readonly #accountAt: number[] = [];
  readonly #accounts: number;
  readonly #random: Random;
  /** Number of the request that the bytes hold; 0 before the first. */
  request = 0;

  constructor(options: RequestOptions) {
    const { run, connection, bucket, accounts, url, key } = options;
    this.#accounts = accounts;
    this.#random = new Random((run * 10_000 + connection + 1) * 7919);
    const stem = `b${digits(run, RUN_DIGITS)}-${digits(connection, CONNECTION_DIGITS)}-`;
    let body = '{"commands":[';
    for (let i = 0; i < bucket; i++) {
      body += `${i === 0 ? "" : ","}{"id":"${stem}`;
      this.#requestAt.push(body.length);
      body += `${digits(0, REQUEST_DIGITS)}-${digits(i, PLACE_DIGITS)}","type":"credit","account":"acc-`;
      this.#accountAt.push(body.length);
      body += `${digits(0, ACCOUNT_DIGITS)}","amount":"10.25"}`;
    }
    body += "]}";
    const head = headOf(url, key, body.length);
    this.bytes = Buffer.from(head + body, "latin1");
    const shift = (at: number) => at + head.length;
    this.#requestAt = this.#requestAt.map(shift);
    this.#accountAt = this.#accountAt.map(shift);
  }

  /** Makes the next request: a new number in every id, new accounts. The bytes stay at their place. */
  next(): Buffer {
    const { bytes } = this;
    this.request++;
    for (const at of this.#requestAt) writeDigits(bytes, at, REQUEST_DIGITS, this.request);
    for (const at of this.#accountAt) writeDigits(bytes, at, ACCOUNT_DIGITS, this.#random.below(this.#accounts));
    return bytes;
  }
}

function headOf(url: string, key: string, length: number): string {
  const { pathname, search, host } = new URL(url);
  const lines = [`POST ${pathname}${search} HTTP/1.1`, `Host: ${host}`, "Connection: keep-alive"];
  if (key !== "") lines.push(`Authorization: Bearer ${key}`);
  lines.push("Content-Type: application/json", `Content-Length: ${length}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function writeDigits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    const tens = (rest / 10) | 0;
    bytes[i] = ZERO + rest - tens * 10;
    rest = tens;
  }
}
