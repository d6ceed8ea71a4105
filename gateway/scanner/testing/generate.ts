/** Bodies for the differential test: valid ones in any spelling, and ones that are wrong in meaning or in bytes. */

/** Uniform in 0 <= n < below. The same seed gives the same bodies (mulberry32). */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * below) / 2 ** 32) | 0;
  };
}

/** A field and its JSON text: strings are spelled when the body is written, so that escapes and order can vary. */
export type Field = [key: string, value: string | { json: string }];
export type Command = Field[];

const NAME_CHARACTERS = "ABCXYZabcxyz0123456789._:-";
const FIELDS: Record<string, [required: string, optional: string]> = {
  open: ["account", "currency minBalance maxBalance"],
  credit: ["account amount", "currency open"],
  debit: ["account amount", "currency"],
  transfer: ["account to amount", "currency open"],
  hold: ["account amount", "currency expiresIn"],
  capture: ["hold", "amount to currency open"],
  release: ["hold", "currency"],
  reverse: ["command", "currency"],
  freeze: ["account", "currency"],
  unfreeze: ["account", "currency"],
  close: ["account", "currency"],
  limits: ["account", "currency minBalance maxBalance"],
};

/** Currency codes that `byCode` of the test's context must know, with their scale. */
export const SCALES: Record<string, number> = { CNY: 2, JPY: 0, KWD: 3, ETH: 18, A1: 5, POINTS2026XX: 1, ABCDE: 9 };
const SCALE_DEFAULT = 2;

export const NASTY_VALUES: readonly string[] = [
  "null",
  "true",
  "{}",
  "[]",
  '""',
  "0",
  "-0",
  '"-0"',
  '"-0.00"',
  '"0.00"',
  "1e400",
  "1E2",
  "NaN",
  "-1",
  '"-5.25"',
  "0.001",
  '"0.001"',
  "9007199254740991",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775809",
  '"9999999999999999999999999.99"',
  '"10000000000000000000000000.00"',
  "999999999999999999999999999",
  "1000000000000000000000000001",
  '"1."',
  '".5"',
  '"01"',
  "1.0",
  '"+1"',
  '" 1"',
  '"1 "',
  '"1,5"',
  '"12abc"',
  '"\\u0031"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"@world"',
  `"${"x".repeat(64)}"`,
  `"${"x".repeat(65)}"`,
  `"${"é".repeat(64)}"`,
  `"${"é".repeat(65)}"`,
  '"cny"',
  '"XXX"',
  '"credit"',
  '"credit\\"x"',
  '"expire"',
  "1",
  "315360000",
  "315360001",
  "1.5",
  '"900"',
  '"2026-02-29T00:00:00Z"',
  '"2024-02-29T23:59:59.9999Z"',
  '"1969-12-31T23:59:59Z"',
  '"2026-11-20T24:00:00Z"',
  '"2026-11-20T10:00:60Z"',
  '"2026-11-20T10:00:00+00:00"',
  '"9999-12-31T23:59:59.999Z"',
  '"2026-11-20t10:00:00Z"',
];

/** A command that must be taken. */
export function validCommand(random: Random): Command {
  const types = Object.keys(FIELDS);
  const type = types[random(types.length)]!;
  const [required, optional] = FIELDS[type]!;
  const chosen = `${optional} memo issued`.split(" ").filter(() => random(3) === 0);
  const currencies = Object.keys(SCALES);
  const currency = chosen.includes("currency") ? currencies[random(currencies.length)]! : undefined;
  const scale = currency === undefined ? SCALE_DEFAULT : SCALES[currency]!;
  const fields: Command = [
    ["id", name(random)],
    ["type", type],
  ];
  for (const key of [...required.split(" "), ...chosen]) {
    fields.push([key, key === "currency" ? currency! : textOf(key, scale, random)]);
  }
  return shuffle(fields, random);
}

/** A command with one field dropped, added, doubled or replaced: mostly wrong, sometimes not. */
export function oddCommand(random: Random): Command {
  const command = validCommand(random);
  const at = random(command.length);
  const nasty = { json: NASTY_VALUES[random(NASTY_VALUES.length)]! };
  const keys = [
    "id",
    "account",
    "to",
    "hold",
    "command",
    "type",
    "amount",
    "currency",
    "memo",
    "issued",
    "expiresIn",
    "open",
    "minBalance",
    "maxBalance",
    "__proto__",
    "Id",
    "amounts",
    "",
    "constructor",
    'id":1',
    'amount":',
  ];
  switch (random(5)) {
    case 0:
      command.splice(at, 1);
      break;
    case 1:
      command.push([keys[random(keys.length)]!, nasty]);
      break;
    case 2:
      command.push(command[at]!);
      break;
    default:
      command[at] = [command[at]![0], nasty];
  }
  return shuffle(command, random);
}

/** One way of writing JSON: its white space, its escapes. */
interface Spelling {
  space(): string;
  text(value: string): string;
  /** An object with its members in this order. */
  object(fields: readonly Field[]): string;
  /** An array of objects, the members of each in any order. */
  array(objects: readonly (readonly Field[])[]): string;
}

function spellingOf(random: Random): Spelling {
  const isPlain = random(3) === 0;
  const space = (): string => (isPlain || random(4) > 0 ? "" : ["", " ", "\n  ", "\t", "\r\n"][random(5)]!);
  const text = (value: string): string => (isPlain ? JSON.stringify(value) : escapeSome(value, random));
  const object = (fields: readonly Field[]): string => {
    const members = fields.map(([key, value]) => {
      return `${space()}${text(key)}${space()}:${space()}${typeof value === "string" ? text(value) : value.json}${space()}`;
    });
    return `{${members.join(",")}}`;
  };
  const array = (objects: readonly (readonly Field[])[]): string =>
    `[${objects.map((fields) => space() + object(shuffle(fields, random)) + space()).join(",")}]`;
  return { space, text, object, array };
}

/** The text of a body with these commands, spelled in one of the ways that JSON allows. */
export function spell(commands: readonly Command[], atomic: boolean | undefined, random: Random): string {
  const { space, object, array } = spellingOf(random);
  const fields: Field[] = [["commands", { json: array(commands) }]];
  if (atomic !== undefined) fields.push(["atomic", { json: String(atomic) }]);
  return space() + object(shuffle(fields, random)) + space();
}

/** As `spell`, of a bare array. */
export function spellArray(objects: readonly Command[], random: Random): string {
  const { space, array } = spellingOf(random);
  return space() + array(objects) + space();
}

/** The bytes with a few of them changed, put in, left out, or cut off at the end. */
export function damage(body: Uint8Array, random: Random): Uint8Array {
  const bytes = [...body];
  const replacements = [...Buffer.from('"\\{}[]:,0-9eE.u \n\0'), 0x1f, 0x7f, 0x80, 0xc0, 0xe2, 0xed, 0xf0, 0xff];
  for (let change = random(3); change >= 0; change--) {
    const at = random(bytes.length + 1);
    const byte = random(4) === 0 ? random(256) : replacements[random(replacements.length)]!;
    const choice = random(9);
    if (choice < 3) bytes[Math.min(at, bytes.length - 1)] = byte;
    else if (choice < 5) bytes.splice(at, 0, byte);
    else if (choice < 7) bytes.splice(at, 1);
    else if (choice === 7) bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random(12)));
    else bytes.length = at;
    if (bytes.length === 0) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function textOf(key: string, scale: number, random: Random): Field[1] {
  switch (key) {
    case "amount":
      return decimal(scale, random, "");
    case "minBalance":
      return random(4) === 0 ? { json: "null" } : random(4) === 0 ? "0" : decimal(scale, random, "-");
    case "maxBalance":
      return random(4) === 0 ? { json: "null" } : random(4) === 0 ? { json: "0" } : decimal(scale, random, "");
    case "expiresIn":
      return { json: String(1 + random(random(2) === 0 ? 1000 : 315_360_000)) };
    case "open":
      return { json: String(random(2) === 0) };
    case "memo":
      return memo(random);
    case "issued":
      return time(random);
    default:
      return name(random);
  }
}

function name(random: Random): string {
  const length = random(8) === 0 ? 64 : 1 + random(30);
  return Array.from({ length }, () => NAME_CHARACTERS[random(NAME_CHARACTERS.length)]).join("");
}

function memo(random: Random): string {
  const characters = ["a", " ", "é", "€", "😀", '"', "\\", "\n", "/", "\u007f", "\u0001", "中"];
  const length = random(4) === 0 ? 32 : random(20);
  return Array.from({ length }, () => characters[random(characters.length)]).join("");
}

function time(random: Random): string {
  const ms = random(2) === 0 ? random(2 ** 31) * 100 : random(2 ** 31) * 117_000;
  const iso = new Date(Math.min(ms, 253_402_300_799_999)).toISOString();
  return [iso, iso.replace(/\.\d+/, ""), iso.replace("Z", "456Z"), iso.replace(/\d\dZ/, "Z")][random(4)]!;
}

/** A decimal that is not zero, at most 27 digits in minor units, as a string or as a number. */
function decimal(scale: number, random: Random, sign: string): Field[1] {
  const digits = (count: number): string => Array.from({ length: count }, () => random(10)).join("");
  const wholeMax = 27 - scale;
  const whole = random(3) === 0 ? "0" : `${1 + random(9)}${digits(random(random(2) === 0 ? 5 : wholeMax))}`;
  const places = random(scale + 1);
  let text = places === 0 ? whole : `${whole}.${digits(places)}`;
  if (!/[1-9]/.test(text)) text = places === 0 ? "7" : `${text.slice(0, -1)}7`;
  return random(2) === 0 ? sign + text : { json: sign + text };
}

/** A JSON string with some of its characters escaped in one of the ways they can be. */
function escapeSome(value: string, random: Random): string {
  const often = random(4);
  let out = '"';
  for (const character of value) {
    if (often > 0 && random(often * 8) > 0) out += JSON.stringify(character).slice(1, -1);
    else if (character === "/") out += "\\/";
    else {
      for (let i = 0; i < character.length; i++) {
        const hex = character.charCodeAt(i).toString(16).padStart(4, "0");
        out += `\\u${random(2) === 0 ? hex : hex.toUpperCase()}`;
      }
    }
  }
  return `${out}"`;
}
