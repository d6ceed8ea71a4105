import { expect, test } from "vitest";
import { parseMessage } from "./message.ts";
import { history } from "./testing/history.ts";

const CHANGE = {
  ...{
    account: "alice",
    currency: "CNY",
    delta: "1.00",
    available: "1.00",
    held: "0.00",
    status: "active",
    version: 1,
  },
};
const RESULT = {
  ...{ sequence: 7, id: "c-7", type: "credit", status: "applied", code: "OK", at: "2026-11-20T08:00:00.000Z" },
  ...{ partner: "demo", changes: [CHANGE] },
};
const MESSAGE = { group: "g0", epoch: 1, first: 7, count: 1, at: "2026-11-20T08:00:00.000Z", results: [RESULT] };

const parse = (value: unknown) => parseMessage(JSON.stringify(value));
const withResult = (more: object) => ({ ...MESSAGE, results: [{ ...RESULT, ...more }] });
const withChange = (more: object) => withResult({ changes: [{ ...CHANGE, ...more }] });

test("every message of a random history is one", () => {
  const { messages, results } = history(4, 3000);
  expect(messages.flatMap((message) => parseMessage(message).results)).toEqual(results);
});

test("fields that are not known yet are passed over", () => {
  expect(parse({ ...withResult({ note: 1 }), more: true }).results[0]).toMatchObject(RESULT);
});

test.each([
  ["a list", []],
  ["null", null],
  ["no group", { ...MESSAGE, group: undefined }],
  ["a group that is a path", { ...MESSAGE, group: "../g0" }],
  ["epoch 0", { ...MESSAGE, epoch: 0 }],
  ["a first sequence as text", { ...MESSAGE, first: "7" }],
  ["no results", { ...MESSAGE, count: 0, results: [] }],
  ["a count that does not fit", { ...MESSAGE, count: 2 }],
  ["a result with another sequence", withResult({ sequence: 8 })],
  ["a result without an id", withResult({ id: "" })],
  ["an unknown status", withResult({ status: "maybe" })],
  ["a time without a zone", withResult({ at: "2026-11-20T08:00:00" })],
  ["no changes", withResult({ changes: undefined })],
  ["a refused result with changes", withResult({ status: "rejected" })],
  ["three changes", withResult({ changes: [CHANGE, { ...CHANGE, account: "b" }, { ...CHANGE, account: "c" }] })],
  ["one account twice", withResult({ changes: [CHANGE, CHANGE] })],
  ["a duplicate that is a text", withResult({ duplicate: "true" })],
  ["money as a number", withChange({ available: 1 })],
  ["money in exponents", withChange({ available: "1e3" })],
  ["money with a leading zero", withChange({ available: "01.00" })],
  ["money of two scales", withChange({ held: "0" })],
  ["less than nothing held", withChange({ held: "-1.00" })],
  ["an account with a quote", withChange({ account: "a'b" })],
  ["a version below zero", withChange({ version: -1 })],
])("refuses %s as poison", (_, value) => {
  expect(() => parse(value)).toThrow(expect.objectContaining({ name: "MessageError", code: "POISON" }));
});

test("refuses what is no JSON as poison", () => {
  expect(() => parseMessage("{")).toThrow(expect.objectContaining({ code: "POISON" }));
});

test("tells a newer version from poison by the message's type", () => {
  const value = JSON.stringify(MESSAGE);
  expect(() => parseMessage(value, "ringfence.results.v2")).toThrow(expect.objectContaining({ code: "NEWER_VERSION" }));
  expect(() => parseMessage(value, "ringfence.other.v1")).toThrow(expect.objectContaining({ code: "POISON" }));
  expect(() => parseMessage(value, "")).toThrow(expect.objectContaining({ code: "POISON" }));
});
