import { describe, expect, it } from "vitest";
import { HEADER, MESSAGE_TYPE } from "../message.ts";
import { Continuity, parsePosition, positionText } from "./continuity.ts";
import { type ParsedMessage, parseMessage, type RawMessage } from "./parse.ts";

const JOURNAL = "0f".repeat(16);

interface Wanted {
  first: number;
  count: number;
  epoch?: number;
  group?: string;
  journal?: string;
}

function raw({ first, count, epoch = 1, group = "g0", journal = JOURNAL }: Wanted): RawMessage {
  const results = Array.from({ length: count }, (_, i) => ({ sequence: first + i }));
  return {
    offset: "7",
    key: Buffer.from(group),
    value: Buffer.from(JSON.stringify({ group, epoch, first, count, at: "2026-01-01T00:00:00.000Z", results })),
    headers: {
      [HEADER.type]: MESSAGE_TYPE,
      [HEADER.journal]: journal,
      [HEADER.first]: String(first),
      [HEADER.count]: String(count),
    },
  };
}

function parsed(wanted: Wanted): ParsedMessage {
  const message = parseMessage(raw(wanted));
  if ("kind" in message) throw new Error(message.why);
  return message;
}

describe("a message", () => {
  const changed: [string, (message: RawMessage) => RawMessage, string][] = [
    [
      "a later version",
      (m) => ({ ...m, headers: { ...m.headers, [HEADER.type]: "ringfence.results.v2" } }),
      "newer-version",
    ],
    ["another type", (m) => ({ ...m, headers: { ...m.headers, [HEADER.type]: "orders.v1" } }), "poison"],
    ["no headers", (m) => ({ offset: m.offset, key: m.key, value: m.value }), "poison"],
    ["no journal", (m) => ({ ...m, headers: { ...m.headers, [HEADER.journal]: undefined } }), "poison"],
    ["no value", (m) => ({ ...m, value: null }), "poison"],
    ["a value that is no JSON", (m) => ({ ...m, value: m.value!.subarray(1) }), "poison"],
    ["another key", (m) => ({ ...m, key: Buffer.from("g1") }), "poison"],
    ["a header with another sequence", (m) => ({ ...m, headers: { ...m.headers, [HEADER.first]: "6" } }), "poison"],
    [
      "a result too few",
      (m) => ({ ...m, value: Buffer.from(String(m.value).replace(',{"sequence":7}', "")) }),
      "poison",
    ],
    [
      "a result of another sequence",
      (m) => ({ ...m, value: Buffer.from(String(m.value).replace(":6}", ":9}")) }),
      "poison",
    ],
    [
      "a count that is no number",
      (m) => ({ ...m, value: Buffer.from(String(m.value).replace('"count":3', '"count":"3"')) }),
      "poison",
    ],
  ];
  it.each(changed)("with %s is not taken", (_, change, kind) => {
    expect(parseMessage(raw({ first: 5, count: 3 }))).toHaveProperty("message.count", 3);
    expect(parseMessage(change(raw({ first: 5, count: 3 })))).toHaveProperty("kind", kind);
  });
});

describe("continuity", () => {
  const at = (sequence: number, epoch = 1) => ({ group: "g0", journal: JOURNAL, epoch, sequence });
  const cases: [string, ReturnType<typeof at> | number, Wanted, { from: number } | { kind: string }][] = [
    ["takes the first message from 1", 0, { first: 1, count: 3 }, { from: 0 }],
    ["sees a gap where the first is not 1", 0, { first: 2, count: 3 }, { kind: "gap" }],
    ["takes what follows", at(10), { first: 11, count: 5 }, { from: 0 }],
    ["sees a gap of one", at(10), { first: 12, count: 5 }, { kind: "gap" }],
    ["drops a repeat", at(10), { first: 6, count: 5 }, { from: 5 }],
    ["drops an old repeat", at(10), { first: 1, count: 2 }, { from: 2 }],
    ["takes the new part", at(10), { first: 9, count: 5 }, { from: 2 }],
    ["takes a later epoch that follows", at(10), { first: 11, count: 1, epoch: 2 }, { from: 0 }],
    ["refuses news of an older epoch", at(10, 2), { first: 11, count: 1, epoch: 1 }, { kind: "epoch" }],
    ["drops a repeat of an older epoch", at(10, 2), { first: 10, count: 1, epoch: 1 }, { from: 1 }],
    ["refuses a later epoch's other past", at(10, 1), { first: 10, count: 1, epoch: 2 }, { kind: "epoch" }],
    ["refuses another journal", at(10), { first: 11, count: 1, journal: "00".repeat(16) }, { kind: "foreign-journal" }],
    ["refuses another group", at(10), { first: 11, count: 1, group: "g1" }, { kind: "poison" }],
    ["goes on behind a bare sequence", 10, { first: 11, count: 1, epoch: 3 }, { from: 0 }],
  ];
  it.each(cases)("%s", (_, start, wanted, verdict) => {
    expect(new Continuity(start).judge(parsed(wanted))).toMatchObject(verdict);
  });

  it("survives the commit's text, and takes no other text for a position", () => {
    expect(parsePosition(positionText(at(10)))).toEqual(at(10));
    for (const text of [null, undefined, "", "{}", "7", "null", '{"group":"g0"}'])
      expect(parsePosition(text)).toBe(undefined);
  });
});
