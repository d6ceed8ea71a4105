import { expect, test } from "vitest";
import { inProcess, raw } from "./server.ts";

const command = (more: object = {}) => ({ id: "x", type: "credit", account: "alice", amount: "1.00", ...more });
const body = (text: string) => `{"commands":[${text}]}`;
const amount = (literal: string) => body(`{"id":"x","type":"credit","account":"alice","amount":${literal}}`);
const fields = '"type":"credit","account":"alice","amount":"1.00"';

/** Title, body, and the status and code that it is refused with. */
const REFUSED: readonly (readonly [string, string | Uint8Array, number, string])[] = [
  ["nothing", "", 400, "INVALID_BODY"],
  ["a byte order mark", `\uFEFF${JSON.stringify({ commands: [command()] })}`, 400, "INVALID_BODY"],
  ["no commands", '{"commands":[]}', 400, "INVALID_BODY"],
  ["an array", "[]", 400, "INVALID_BODY"],
  ["a cut body", JSON.stringify({ commands: [command()] }).slice(0, -1), 400, "INVALID_BODY"],
  ["something behind the body", `${JSON.stringify({ commands: [command()] })}x`, 400, "INVALID_BODY"],
  ["two bodies", JSON.stringify({ commands: [command()] }).repeat(2), 400, "INVALID_BODY"],
  ["deep nesting", `{"commands":${"[".repeat(100_000)}`, 400, "INVALID_BODY"],
  ["deeply nested objects", `{"commands":[${'{"memo":'.repeat(50_000)}`, 400, "INVALID_BODY"],
  ["a field twice", body(`{"id":"x","id":"y",${fields}}`), 400, "INVALID_BODY"],
  ["commands twice", `{"commands":[${JSON.stringify(command())}],"commands":[]}`, 400, "INVALID_BODY"],
  ["__proto__", body(`{"__proto__":{"id":"x"},"id":"x",${fields}}`), 400, "INVALID_BODY"],
  ["an unknown field", body(`{"id":"x","admin":true,${fields}}`), 400, "INVALID_BODY"],
  ["1e400", amount("1e400"), 400, "INVALID_BODY"],
  ["an exponent", amount("1e2"), 400, "INVALID_BODY"],
  ["minus zero", amount("-0"), 400, "INVALID_BODY"],
  ["zero", amount('"0.00"'), 400, "INVALID_BODY"],
  ["a negative amount", amount('"-5.00"'), 400, "INVALID_BODY"],
  ["too many places", amount("0.001"), 400, "INVALID_BODY"],
  ["0.1 + 0.2", amount("0.30000000000000004"), 400, "INVALID_BODY"],
  ["28 digits", amount(`"${10n ** 25n}.00"`), 400, "INVALID_BODY"],
  ["NaN", amount("NaN"), 400, "INVALID_BODY"],
  ["a number with a leading zero", amount("01"), 400, "INVALID_BODY"],
  ["null", amount("null"), 400, "INVALID_BODY"],
  ["invalid UTF-8", Buffer.from(body(`{"id":"x","memo":"\xff\xfe",${fields}}`), "latin1"), 400, "INVALID_BODY"],
  ["a lone surrogate", body(`{"id":"x","memo":"\\ud800",${fields}}`), 400, "INVALID_BODY"],
  ["a raw control character", body(`{"id":"x","memo":"\u0001",${fields}}`), 400, "INVALID_BODY"],
  ["an id of 65 bytes", body(`{"id":"${"x".repeat(65)}",${fields}}`), 400, "INVALID_BODY"],
  ["@world", body('{"id":"x","type":"credit","account":"@world","amount":"1.00"}'), 400, "INVALID_BODY"],
  ["a good command before a bad one", body(`${JSON.stringify(command())},{}`), 400, "INVALID_BODY"],
  [
    "10,001 commands",
    JSON.stringify({ commands: Array.from({ length: 10_001 }, (_, i) => command({ id: `x${i}` })) }),
    413,
    "BODY_TOO_LARGE",
  ],
  ["more than 4 MiB", `${JSON.stringify({ commands: [command()] })}${" ".repeat(4 << 20)}`, 413, "BODY_TOO_LARGE"],
];

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly object[];
}

test("every malformed body is refused with a problem document, and leaves no trace in sequence or state", async () => {
  const { demo, group, url } = await inProcess();
  await demo.one(command({ id: "first" }));
  const before = await group();
  for (const [title, text, status, code] of REFUSED) {
    const response = await fetch(`${url}/v1/commands`, {
      method: "POST",
      headers: { authorization: `Bearer ${demo.key}`, "content-type": "application/json" },
      body: text as string,
    });
    const problem = (await response.json()) as Problem;
    expect([title, response.status, problem.code, problem.status]).toEqual([title, status, code, status]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(problem.requestId).toBe(response.headers.get("x-request-id"));
    if (status === 400) expect([title, problem.errors?.length]).not.toEqual([title, 0]);
    if (title === "an array") expect(problem.detail).toBe("The body must be an object.");
  }
  expect(await group()).toEqual({ ...before, freeBytes: expect.any(Number) });
  console.log(`malformed bodies refused over the wire: ${REFUSED.length}`);
});

test("bounds of amounts are exact: 2^53 + 1, 2^63 + 1 and 10^27 − 1 minor units come back digit by digit", async () => {
  const { demo } = await inProcess();
  for (const [i, minor] of [2n ** 53n + 1n, 2n ** 63n + 1n, 10n ** 27n - 1n].entries()) {
    const text = `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}`;
    const result = await demo.one({ id: `big-${i}`, type: "credit", account: `big-${i}`, amount: text });
    // @world holds all of them with the opposite sign, so the last one would leave its range.
    expect([result.code, result.available]).toEqual(i < 2 ? ["OK", text] : ["AMOUNT_OUT_OF_RANGE", "0.00"]);
  }
});

const head = (key: string, more: readonly string[]) =>
  ["POST /v1/commands HTTP/1.1", "host: x", `authorization: Bearer ${key}`, ...more, "", ""].join("\r\n");
const JSON_TYPE = "content-type: application/json";

test("a chunked body split at every byte is the same body; split chunks of one byte too", async () => {
  const { demo, url, group } = await inProcess();
  const text = JSON.stringify({ commands: [command({ id: "split", memo: "转账" })] });
  const bytes = Buffer.from(text);
  const chunk = (part: Uint8Array) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  const headers = head(demo.key, [JSON_TYPE, "transfer-encoding: chunked", "prefer: wait=5", "connection: close"]);
  for (let at = 1; at < bytes.length; at++) {
    const pieces = [chunk(bytes.subarray(0, at)), chunk(bytes.subarray(at)), "0\r\n\r\n"];
    expect(await raw(url, [headers, ...pieces])).toMatch(/^HTTP\/1\.1 200 .*"available":"1\.00"/s);
  }
  const each = [...bytes].map((_, i) => chunk(bytes.subarray(i, i + 1)));
  expect(await raw(url, [headers, ...each, "0\r\n\r\n"])).toMatch(/^HTTP\/1\.1 200 .*"duplicate":true/s);
  expect((await group()).sequence).toBe(bytes.length);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("1.00");
});

test("half a request leaves no trace, whether the client closes its half, all, or says a wrong length", async () => {
  const { demo, url, group } = await inProcess();
  await demo.one(command({ id: "first" }));
  const before = await group();
  const text = JSON.stringify({ commands: [command()] });
  const long = head(demo.key, [JSON_TYPE, `content-length: ${text.length + 1}`]);
  const broken = await raw(url, [long, text], { halfClose: true });
  expect(broken === "" || /^HTTP\/1\.1 4\d\d /.test(broken)).toBe(true);
  await raw(url, [long, text], { ms: 50 });
  await raw(
    url,
    [head(demo.key, [JSON_TYPE, "transfer-encoding: chunked"]), `${text.length.toString(16)}\r\n${text}\r\n`],
    { ms: 50 },
  );
  expect(await raw(url, [head(demo.key, [JSON_TYPE, "transfer-encoding: chunked"]), "zz\r\n"])).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  const both = head(demo.key, [JSON_TYPE, `content-length: ${text.length}`, "transfer-encoding: chunked"]);
  expect(await raw(url, [both, text], { ms: 300 })).toMatch(/^HTTP\/1\.1 400 /);
  expect((await group()).stateHash).toBe(before.stateHash);
});

test("a client that closes its half behind a whole request can ask for its id, if it gets no answer", async () => {
  const { demo, url } = await inProcess();
  const text = JSON.stringify({ commands: [command({ id: "half" })] });
  const request = head(demo.key, [JSON_TYPE, `content-length: ${text.length}`, "prefer: wait=5"]) + text;
  // Node ends such connections; what was read whole before is taken all the same.
  expect(await raw(url, [request], { halfClose: true })).toMatch(/^$|^HTTP\/1\.1 200 /);
  expect(["OK", "COMMAND_NOT_FOUND"]).toContain((await demo.get("/v1/commands/half")).body.code);
  expect(await demo.one(command({ id: "half" }))).toMatchObject({ code: "OK", available: "1.00" });
});

test.each([
  ["a partner's", 413],
  ["an unknown", 401],
])("with %s key a body that never ends is refused, not kept, and its connection closed", async (whose, status) => {
  const { demo, url } = await inProcess();
  const mib = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1 << 20, 32), Buffer.from("\r\n")]);
  const key = whose === "an unknown" ? "rk_live_nobody" : demo.key;
  const headers = head(key, [JSON_TYPE, "transfer-encoding: chunked"]);
  const begin = performance.now();
  const text = await raw(url, [headers, ...Array.from({ length: 8 }, () => mib)], { ms: 8000 });
  expect(text.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
  expect(performance.now() - begin).toBeLessThan(6000);
});

test("content type, key, method and Prefer are checked before the body is looked at", async () => {
  const { demo, admin, group } = await inProcess();
  const good = { commands: [command()] };
  const send = async (headers: Record<string, string>) => {
    const { status, body } = await demo.send("POST", "/v1/commands", good, headers);
    return `${status} ${body.code}`;
  };
  expect(await send({ "content-type": "text/plain" })).toBe("415 UNSUPPORTED_MEDIA_TYPE");
  expect(await send({ "content-type": "application/jsonx" })).toBe("415 UNSUPPORTED_MEDIA_TYPE");
  expect(await send({ authorization: "Bearer rk_live_nobody" })).toBe("401 UNAUTHENTICATED");
  expect(await send({ authorization: `Bearer ${admin.key}` })).toBe("403 FORBIDDEN");
  for (const wait of ["wait=0", "wait=31", "wait=1.5", "wait=-1", "wait"]) {
    expect(await send({ prefer: wait })).toBe("400 INVALID_REQUEST");
  }
  expect((await demo.send("PUT", "/v1/commands", good)).status).toBe(404);
  expect((await group()).sequence).toBe(0);
  // Another preference, which is to be ignored.
  expect(await send({ prefer: "wait-not=1" })).toBe("202 undefined");
});
