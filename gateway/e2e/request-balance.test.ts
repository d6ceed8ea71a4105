/** request-balance against a running service: every call, status and body of its contract. */
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { Caller, mainOf, order, other, PATH, prepare, SUCCESS, trial } from "./orders.ts";
import { Client, childServing, inProcess, raw } from "./server.ts";

test("an array is answered with the exact bytes once it is durable; payments hold, recharges credit", async () => {
  const { service, test, test1 } = await trial();
  const replied = await service.send([
    order(1),
    other(1, { TypeRequest: "recharge", AmountRequest: 1 }),
    order(2, { AmountRequest: 5 }),
  ]);
  expect([replied.status, replied.text, replied.text.length]).toEqual([200, SUCCESS, 164]);
  expect(replied.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(replied.headers.get("content-length")).toBe("164");
  expect(replied.headers.get("x-ringfence-secret")).toBeNull();
  expect(await mainOf(test)).toEqual(["9999999997999.95", "2000.05"]);
  expect(await mainOf(test1)).toEqual(["10000000000000.01", "0.00"]);
});

test("what became of each order is told by its id, in the partner's results, with PartnerIdentification as the memo", async () => {
  const { service, test, test1 } = await trial();
  const poor = { AmountRequest: "18446744073709551615", OrderID: "18446744073709551615" };
  const text = JSON.stringify([order(7), other(8)]).replace(
    "]",
    `,${JSON.stringify(order(0)).replace("200000", poor.AmountRequest).replace('"OrderID":0', `"OrderID":${poor.OrderID}`)}]`,
  );
  expect((await service.send(text)).text).toBe(SUCCESS);
  expect((await test.get("/v1/commands/7")).body).toMatchObject({
    id: "7",
    type: "hold",
    status: "applied",
    account: "main",
    amount: "2000.00",
    memo: "1234",
    partner: "TEST",
  });
  expect((await test.get(`/v1/commands/${poor.OrderID}`)).body).toMatchObject({
    status: "rejected",
    code: "INSUFFICIENT_BALANCE",
    amount: "184467440737095516.15",
  });
  expect((await test.get("/v1/commands/8")).body.code).toBe("COMMAND_NOT_FOUND");
  expect((await test1.get("/v1/commands/8")).body.code).toBe("OK");
  const { body } = await test.get("/v1/results?after=0");
  expect(body.results!.map(({ id, code }) => [id, code])).toEqual([
    ["fund", "OK"],
    ["7", "OK"],
    [poor.OrderID, "INSUFFICIENT_BALANCE"],
  ]);
});

test("a partner that never had money has no account: its payment is rejected, its recharge opens it", async () => {
  const { service, admin, url } = await trial();
  const made = await admin.send("POST", "/v1/admin/partners", { id: "POOR", group: "g1" });
  const poor = new Client(url, made.body.key!);
  const orders = [order(1), order(2, { TypeRequest: "recharge" }), order(3)];
  const body = JSON.stringify(orders).replaceAll('"TEST"', '"POOR"');
  expect((await service.send(body)).text).toBe(SUCCESS);
  const { results } = (await poor.get("/v1/results?after=0")).body;
  expect(results!.map(({ code }) => code)).toEqual(["ACCOUNT_NOT_FOUND", "OK", "OK"]);
  expect(await mainOf(poor)).toEqual(["0.00", "2000.00"]);
});

test("an array sent again takes effect once, whole or in part, also after a restart; another body under an id is told", async () => {
  const data = temporaryFolder();
  const first = await trial({}, data);
  const orders = [order(1), other(1), order(2, { TypeRequest: "recharge" })];
  for (let i = 0; i < 5; i++) expect((await first.service.send(orders)).text).toBe(SUCCESS);
  await Promise.all(Array.from({ length: 20 }, () => first.service.send([...orders, order(3)])));
  const before = [await mainOf(first.test), await mainOf(first.test1)];
  expect(before).toEqual([
    ["9999999998000.00", "4000.00"],
    ["9999999998000.00", "2000.00"],
  ]);
  const hashes = [(await first.group("g0")).stateHash, (await first.group("g1")).stateHash];
  await first.stop();
  const second = await inProcess({ GROUPS: "g0,g1" }, data);
  expect([(await second.group("g0")).stateHash, (await second.group("g1")).stateHash]).toEqual(hashes);
  const service = new Caller(second.url, first.service.secret);
  const [test, test1] = [new Client(second.url, first.test.key), new Client(second.url, first.test1.key)];
  expect((await service.send([...orders, order(3)])).text).toBe(SUCCESS);
  expect([await mainOf(test), await mainOf(test1)]).toEqual(before);
  expect((await service.send([order(1, { AmountRequest: 200_001 })])).text).toBe(SUCCESS);
  const { body } = await test.get("/v1/results?after=0");
  expect(body.results!.at(-1)).toMatchObject({ id: "1", code: "ID_REUSED" });
  expect(await mainOf(test)).toEqual(before[0]);
});

test("what was answered survives kill -9 in both groups", async () => {
  const data = temporaryFolder();
  const first = await prepare(await childServing({ GROUPS: "g0,g1" }, data));
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => first.service.send([order(i), other(i)])));
  first.process.kill("SIGKILL");
  await first.ended;
  expect(answers.every(({ text }) => text === SUCCESS)).toBe(true);
  const second = await childServing({ GROUPS: "g0,g1" }, data);
  for (const { key } of [first.test, first.test1]) {
    expect(await mainOf(new Client(second.url, key))).toEqual(["9999999940000.00", "60000.00"]);
  }
});

const one = (field: string, json: string) =>
  `[${JSON.stringify(order(1)).replace(new RegExp(`("${field}":)[^,}]+`), `$1${json}`)}]`;
const without = (field: string) => `[${JSON.stringify({ ...order(1), [field]: undefined })}]`;
const good = JSON.stringify(order(9));

/** Title, body, and what ErrorList begins with. */
const MALFORMED: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["nothing", "", "body INVALID_JSON"],
  ["no JSON", "orders", "body INVALID_JSON"],
  ["an object", good, "body WRONG_TYPE"],
  ["a string", '"x"', "body WRONG_TYPE"],
  ["an empty array", "[]", "body EMPTY_ORDERS"],
  ["an array of arrays", `[[${good}]]`, "/0 WRONG_TYPE"],
  ["null as an order", `[${good},null]`, "/1 WRONG_TYPE"],
  ["a cut body", `[${good}`, "body INVALID_JSON"],
  ["a comma at the end", `[${good},]`, "/1 INVALID_JSON"],
  ["something behind it", `[${good}]x`, "body INVALID_JSON"],
  ["two arrays", `[${good}][${good}]`, "body INVALID_JSON"],
  ["deep nesting", "[".repeat(100_000), "/0 WRONG_TYPE"],
  ["a byte order mark", `\uFEFF[${good}]`, "body BYTE_ORDER_MARK"],
  ["bytes that are not UTF-8", Buffer.from(one("PartnerCode", '"\xff"'), "latin1"), "body INVALID_UTF8"],
  ["no AmountRequest", without("AmountRequest"), "/0/AmountRequest MISSING_FIELD"],
  ["no PartnerCode", without("PartnerCode"), "/0/PartnerCode MISSING_FIELD"],
  ["no PartnerIdentification", without("PartnerIdentification"), "/0/PartnerIdentification MISSING_FIELD"],
  ["no OrderID", without("OrderID"), "/0/OrderID MISSING_FIELD"],
  ["no TypeRequest", without("TypeRequest"), "/0/TypeRequest MISSING_FIELD"],
  ["an unknown field", `[{"Currency":"CNY",${good.slice(1)}]`, "/0/Currency UNKNOWN_FIELD"],
  ["__proto__", `[{"__proto__":{},${good.slice(1)}]`, "/0/__proto__ UNKNOWN_FIELD"],
  ["a field twice", `[{"OrderID":9,${good.slice(1)}]`, "/0/OrderID DUPLICATE_KEY"],
  ["a field in another case", `[${good.replace("OrderID", "orderID")}]`, "/0/orderID UNKNOWN_FIELD"],
  ["a zero amount", one("AmountRequest", "0"), "/0/AmountRequest INVALID_AMOUNT"],
  ["a negative amount", one("AmountRequest", "-1"), "/0/AmountRequest INVALID_INTEGER"],
  ["minus zero", one("AmountRequest", "-0"), "/0/AmountRequest INVALID_INTEGER"],
  ["a float", one("AmountRequest", "1.0"), "/0/AmountRequest INVALID_INTEGER"],
  ["an exponent", one("AmountRequest", "1e3"), "/0/AmountRequest INVALID_INTEGER"],
  ["1e400", one("AmountRequest", "1e400"), "/0/AmountRequest INVALID_INTEGER"],
  ["a leading zero", one("AmountRequest", "0200000"), "/0 INVALID_JSON"],
  ["2^64 as an amount", one("AmountRequest", "18446744073709551616"), "/0/AmountRequest INVALID_INTEGER"],
  ["an amount as a string", one("AmountRequest", '"200000"'), "/0/AmountRequest WRONG_TYPE"],
  ["an amount that is null", one("AmountRequest", "null"), "/0/AmountRequest WRONG_TYPE"],
  ["NaN", one("AmountRequest", "NaN"), "/0/AmountRequest INVALID_JSON"],
  ["a negative id", one("OrderID", "-1"), "/0/OrderID INVALID_INTEGER"],
  ["2^64 as an id", one("OrderID", "18446744073709551616"), "/0/OrderID INVALID_INTEGER"],
  ["an id as a string", one("OrderID", '"9"'), "/0/OrderID WRONG_TYPE"],
  ["a float as an identification", one("PartnerIdentification", "1.5"), "/0/PartnerIdentification INVALID_INTEGER"],
  ["another type", one("TypeRequest", '"refund"'), "/0/TypeRequest UNKNOWN_TYPE"],
  ["a type in another case", one("TypeRequest", '"Payment"'), "/0/TypeRequest UNKNOWN_TYPE"],
  ["a code that is a number", one("PartnerCode", "7"), "/0/PartnerCode WRONG_TYPE"],
  ["an empty code", one("PartnerCode", '""'), '/0/PartnerCode UNKNOWN_PARTNER: Partner "" is not registered.'],
  ["a good order before a bad one", `[${good},{}]`, "/1/AmountRequest MISSING_FIELD"],
  [
    "a partner that is not registered",
    `[${good},${JSON.stringify(order(2, { PartnerCode: "NOBODY" }))}]`,
    '/1/PartnerCode UNKNOWN_PARTNER: Partner "NOBODY" is not registered.',
  ],
];

test("every malformed body is 400 with the same keys, names where, and leaves no trace in either group", async () => {
  const { service, group } = await trial();
  await service.send([order(100), other(100)]);
  const before = [await group("g0"), await group("g1")];
  for (const [title, body, list] of MALFORMED) {
    const { status, envelope, headers } = await service.send(body);
    expect([title, status, envelope.HttpCode, envelope.Status]).toEqual([title, 400, 400, "error"]);
    expect([title, Object.keys(envelope)]).toEqual([title, ["ErrorDetail", "HttpCode", "Message", "Status"]]);
    expect([title, envelope.ErrorDetail.ErrorList.slice(0, list.length)]).toEqual([title, list]);
    expect(envelope.Message).toBe("request balance error, nothing was taken");
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
  }
  const large = JSON.stringify(Array.from({ length: 10_001 }, (_, i) => order(i)));
  for (const body of [large, `[${good}]${" ".repeat(4 << 20)}`]) {
    const { status, envelope } = await service.send(body);
    expect([status, envelope.HttpCode, envelope.Status]).toEqual([413, 413, "error"]);
    expect(envelope.ErrorDetail.ErrorList).toMatch(/^BODY_TOO_LARGE: /);
  }
  const size = (name: string) => ({ ...before[name === "g0" ? 0 : 1], freeBytes: expect.any(Number) });
  expect([await group("g0"), await group("g1")]).toEqual([size("g0"), size("g1")]);
});

test("a suspended partner refuses the whole array, naming it, until it is active again", async () => {
  const { service, admin, test } = await trial();
  const set = (status: string) => admin.send("PATCH", "/v1/admin/partners/TEST1", { status });
  expect((await service.send([order(1), other(1)])).status).toBe(200);
  await set("suspended");
  const { status, envelope } = await service.send([order(2), other(2)]);
  expect([status, envelope.ErrorDetail.ErrorList]).toEqual([
    400,
    '/1/PartnerCode PARTNER_SUSPENDED: Partner "TEST1" is suspended.',
  ]);
  expect((await test.get("/v1/commands/2")).status).toBe(404);
  await set("active");
  expect((await service.send([order(2), other(2)])).text).toBe(SUCCESS);
});

test("amounts are bounded as each partner is configured: above 10,000 and below 5,000,000 for trials", async () => {
  const { service, admin } = await trial();
  await admin.send("PATCH", "/v1/admin/partners/TEST", { minAmount: "100.01", maxAmount: "49999.99" });
  for (const [i, amount] of [10_001, 4_999_999].entries()) {
    expect((await service.send([order(i, { AmountRequest: amount })])).text).toBe(SUCCESS);
  }
  for (const [amount, why] of [
    [10_000, "/0/AmountRequest AMOUNT_TOO_SMALL: The partner's least amount is 10001 minor units."],
    [5_000_000, "/0/AmountRequest AMOUNT_TOO_LARGE: The partner's largest amount is 4999999 minor units."],
  ] as const) {
    const { status, envelope } = await service.send([order(9, { AmountRequest: amount }), other(9)]);
    expect([status, envelope.ErrorDetail.ErrorList]).toEqual([400, why]);
    expect((await service.send([other(10, { AmountRequest: amount })])).text).toBe(SUCCESS);
  }
});

test("an order is taken in any spelling of JSON, and by chunks split at every byte", async () => {
  const { service, test, url } = await trial();
  const spelled = ` [ { "TypeRequest" : "p\\u0061yment" ,\n"Order\\u0049D":5,\t"PartnerCode":"T\\u0045ST","PartnerIdentification":1234,"AmountRequest":200000 } ] `;
  expect((await service.send(spelled)).text).toBe(SUCCESS);
  const bytes = Buffer.from(JSON.stringify([order(5), other(5)]));
  const head = `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${service.secret}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`;
  const chunk = (part: Uint8Array) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  for (let at = 1; at < bytes.length; at++) {
    const pieces = [chunk(bytes.subarray(0, at)), chunk(bytes.subarray(at)), "0\r\n\r\n"];
    expect((await raw(url, [head, ...pieces])).endsWith(`\r\n\r\n${SUCCESS}`)).toBe(true);
  }
  expect(await mainOf(test)).toEqual(["9999999998000.00", "2000.00"]);
});
