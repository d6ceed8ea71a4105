/**
 * Requests with new ids, made by writing digits into a buffer that is otherwise ready: with JSON.stringify the generator, not the
 * server, would be what is measured. A command's id is `b<run>-<connection>-<request>-<place>`, an order's the same digits without
 * letters behind a 1 and with shorter request and place, for it is a number of 64 bits; all of fixed width.
 */
import { Random } from "../records.ts";
import { ORDER_PARTNERS, type ShapeName } from "./shapes.ts";

const RUN_DIGITS = 3;
const CONNECTION_DIGITS = 4;
const REQUEST_DIGITS = 9;
const PLACE_DIGITS = 4;
const ORDER_REQUEST_DIGITS = 8;
const ORDER_PLACE_DIGITS = 3;
const ACCOUNT_DIGITS = 7;
const ZERO = 0x30;

/** Orders in one array at most: their place has three digits. */
export const ORDERS_MAX = 10 ** ORDER_PLACE_DIGITS;

/** Which request an id belongs to. */
export interface IdParts {
  readonly run: number;
  readonly connection: number;
  readonly request: number;
}

const ID = new RegExp(
  `^b(\\d{${RUN_DIGITS}})-(\\d{${CONNECTION_DIGITS}})-(\\d{${REQUEST_DIGITS}})-\\d{${PLACE_DIGITS}}$`,
);
const ORDER_ID = new RegExp(
  `^1(\\d{${RUN_DIGITS}})(\\d{${CONNECTION_DIGITS}})(\\d{${ORDER_REQUEST_DIGITS}})\\d{${ORDER_PLACE_DIGITS}}$`,
);

/** Reads an id back; undefined for any other text. */
export function parseId(id: string): IdParts | undefined {
  const found = ID.exec(id) ?? ORDER_ID.exec(id);
  if (found === null) return undefined;
  return { run: Number(found[1]), connection: Number(found[2]), request: Number(found[3]) };
}

export interface RequestOptions {
  readonly shape: ShapeName;
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

/** A body of which only digits change: its text with zeros for them, and where they are. */
interface Template {
  readonly text: string;
  readonly requestAt: readonly number[];
  readonly requestDigits: number;
  readonly accountAt: readonly number[];
}

function commandsTemplate({ run, connection, bucket }: RequestOptions): Template {
  const requestAt: number[] = [];
  const accountAt: number[] = [];
  const stem = `b${digits(run, RUN_DIGITS)}-${digits(connection, CONNECTION_DIGITS)}-`;
  let text = '{"commands":[';
  for (let i = 0; i < bucket; i++) {
    text += `${i === 0 ? "" : ","}{"id":"${stem}`;
    requestAt.push(text.length);
    text += `${digits(0, REQUEST_DIGITS)}-${digits(i, PLACE_DIGITS)}","type":"credit","account":"acc-`;
    accountAt.push(text.length);
    text += `${digits(0, ACCOUNT_DIGITS)}","amount":"10.25"}`;
  }
  return { text: `${text}]}`, requestAt, requestDigits: REQUEST_DIGITS, accountAt };
}

/** Two partners by turns, and two payments before two recharges: a payment leaves a hold, which takes memory until it is closed. */
function ordersTemplate({ run, connection, bucket }: RequestOptions): Template {
  const requestAt: number[] = [];
  const stem = `1${digits(run, RUN_DIGITS)}${digits(connection, CONNECTION_DIGITS)}`;
  let text = "[";
  for (let i = 0; i < bucket; i++) {
    const partner = ORDER_PARTNERS[i % ORDER_PARTNERS.length]!;
    const type = (i >> 1) % 2 === 0 ? "payment" : "recharge";
    text += `${i === 0 ? "" : ","}{"AmountRequest":200000,"PartnerCode":"${partner}","PartnerIdentification":1234,"OrderID":${stem}`;
    requestAt.push(text.length);
    text += `${digits(0, ORDER_REQUEST_DIGITS)}${digits(i, ORDER_PLACE_DIGITS)},"TypeRequest":"${type}"}`;
  }
  return { text: `${text}]`, requestAt, requestDigits: ORDER_REQUEST_DIGITS, accountAt: [] };
}

const TEMPLATES = { commands: commandsTemplate, orders: ordersTemplate } as const;

/** The request of one connection, as bytes to be written to its socket. */
export class RequestBytes {
  readonly bytes: Buffer;
  readonly #requestAt: readonly number[];
  readonly #requestDigits: number;
  readonly #accountAt: readonly number[];
  readonly #accounts: number;
  readonly #random: Random;
  /** Digits of the highest account; those before them stay zero. */
  readonly #accountDigits: number;
  /** Number whose digits stand in the bytes. */
  #written = 0;
  /** Number of the request that the bytes hold; 0 before the first. */
  request = 0;

  constructor(options: RequestOptions) {
    const { run, connection, accounts, url, key, shape } = options;
    this.#accounts = accounts;
    this.#accountDigits = String(accounts - 1).length;
    this.#random = new Random((run * 10_000 + connection + 1) * 7919);
    const template = TEMPLATES[shape](options);
    const head = headOf(url, key, template.text.length);
    this.bytes = Buffer.from(head + template.text, "latin1");
    const shift = (at: number) => at + head.length;
    this.#requestAt = template.requestAt.map(shift);
    this.#requestDigits = template.requestDigits;
    this.#accountAt = template.accountAt.map(shift);
  }

  /** Makes the next request: a new number in every id, new accounts. The bytes stay at their place. */
  next(): Buffer {
    const { bytes } = this;
    // Only the digits that change, for this is the generator's time: most numbers differ from the last in one digit.
    const count = this.#written === this.request ? changingDigits(this.request) : this.#requestDigits;
    this.request++;
    this.#written = this.request;
    const skipped = this.#requestDigits - count;
    for (const at of this.#requestAt) writeDigits(bytes, at + skipped, count, this.request);
    const spared = ACCOUNT_DIGITS - this.#accountDigits;
    for (const at of this.#accountAt) {
      writeDigits(bytes, at + spared, this.#accountDigits, this.#random.below(this.#accounts));
    }
    return bytes;
  }
}

/** How many of a number's last digits the next number changes. */
function changingDigits(value: number): number {
  let count = 1;
  for (let rest = value; rest % 10 === 9; rest = (rest - 9) / 10) count++;
  return count;
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
