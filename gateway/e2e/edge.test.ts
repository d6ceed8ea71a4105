/** The edge of the running service: limits, slow clients, headers, framing. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Answer, inProcess, pause, raw } from "./server.ts";

const credit = (id: string) => ({ id, type: "credit", account: "alice", amount: "1.00" });
const told = ({ status, body }: Answer) => `${status} ${body.code}`;
const JSON_TYPE = "content-type: application/json";
const head = (key: string, more: readonly string[] = []) =>
  ["POST /v1/commands HTTP/1.1", "host: x", `authorization: Bearer ${key}`, JSON_TYPE, ...more, "", ""].join("\r\n");

/** A connection that stays open until the test ends, and what came over it. */
async function open(url: string) {
  const { port, hostname } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const seen = { text: "", closed: once(socket, "close") };
  socket.on("data", (bytes) => {
    seen.text += bytes;
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  return { socket, seen };
}

test("a partner beyond its rate is refused with 429 on hot and cold routes alike, nothing is taken, and others go on", async () => {
  const { demo, admin, url, group } = await inProcess({ RATE_LIMIT: "1", RATE_BURST: "3" });
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "shop" })).body;
  for (const id of ["a", "b"]) expect((await demo.post([credit(id)])).status).toBe(200);
  expect((await demo.get("/v1/accounts/alice")).status).toBe(200);
  const refused = [
    await demo.post([credit("c")]),
    await demo.get("/v1/accounts/alice"),
    await demo.post([credit("d")]),
  ];
  // A second gives back one token: on a slow machine one of the three may have come.
  expect(refused.map(told).filter((one) => one === "429 RATE_LIMITED").length).toBeGreaterThan(0);
  const limited = refused.find(({ status }) => status === 429)!;
  expect(Number(limited.headers.get("retry-after"))).toBe(1);
  const shop = await fetch(`${url}/v1/results`, { headers: { authorization: `Bearer ${key}` } });
  expect(shop.status).toBe(200);
  const taken = 2 + refused.filter(({ body }) => body.results !== undefined).length;
  expect((await group()).sequence).toBe(taken);
});

test("guessing keys uses up the address's tokens on hot and cold routes; a connection that proved its key goes on", async () => {
  const { demo, url, admin } = await inProcess({ RATE_LIMIT: "1", RATE_BURST: "40" });
  const proved = await open(url);
  const request = `${head(demo.key, ["content-length: 2"])}{}`;
  proved.socket.write(request);
  while (!proved.seen.text.includes("INVALID_BODY")) await pause(5);
  const statuses: number[] = [];
  const guess = async (i: number) => {
    const path = i % 2 === 0 ? "/v1/commands" : "/v1/accounts/alice";
    const method = i % 2 === 0 ? "POST" : "GET";
    const answer = await fetch(url + path, { method, headers: { authorization: `Bearer rk_live_guess${i}` } });
    statuses.push(answer.status);
  };
  for (let i = 0; i < 60; i++) await guess(i);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(40);
  // The right key on a new connection is not told from a wrong one now, or guessing would go on.
  const rightKey = async () => told(await admin.send("GET", "/v1/admin/partners", undefined, { connection: "close" }));
  let answer = await rightKey();
  // A token a second comes back, and on a slow machine the right key may meet it.
  for (let i = 60; i < 100 && answer !== "429 RATE_LIMITED"; i++) {
    await guess(i);
    answer = await rightKey();
  }
  expect(answer).toBe("429 RATE_LIMITED");
  proved.seen.text = "";
  proved.socket.write(request);
  while (!/\r\n\r\n\{.*\}$/s.test(proved.seen.text)) await pause(5);
  expect(proved.seen.text).toMatch(/^HTTP\/1\.1 400 /);
});

test("a good key costs its address nothing, however many connections it opens", async () => {
  const { admin } = await inProcess({ RATE_LIMIT: "1", RATE_BURST: "5" });
  const statuses = new Set<number>();
  // An admin's, for a partner's would use up its partner's tokens.
  for (let i = 0; i < 80; i++) {
    statuses.add((await admin.send("GET", "/v1/admin/keys", undefined, { connection: "close" })).status);
  }
  expect([...statuses]).toEqual([200]);
});

test("beyond the requests under way the hot route answers 503 with Retry-After, takes nothing, and serves again afterwards", async () => {
  const { demo, url, group } = await inProcess({ IN_FLIGHT: "4" });
  await demo.one(credit("first"));
  const text = JSON.stringify({ commands: [credit("held")] });
  const held: Socket[] = [];
  let answer: Answer;
  // A held request is itself refused when it comes while a post is under way: so one is added, a while apart, until posts are.
  do {
    const { socket } = await open(url);
    socket.write(head(demo.key, [`content-length: ${text.length}`]) + text.slice(0, 5));
    held.push(socket);
    await pause(50);
    answer = await demo.post([credit(`x${held.length}`)]);
  } while (answer.status === 200);
  // A partner may have three of four.
  expect([told(answer), answer.headers.get("retry-after")]).toEqual(["503 OVERLOADED", "1"]);
  const before = await group();
  expect(told(await demo.post([credit("y")]))).toBe("503 OVERLOADED");
  expect(told(await demo.get("/v1/accounts/alice"))).toBe("503 OVERLOADED");
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await group()).stateHash).toBe(before.stateHash);
  for (const socket of held) socket.destroy();
  for (answer = await demo.post([credit("z")]); answer.status === 503; answer = await demo.post([credit("z")]))
    await pause(10);
  expect(answer.body.results).toMatchObject([{ code: "OK" }]);
});

test("slow clients are cut off with 408 and nothing taken, in their headers, in a body on the hot route, and on a cold one", async () => {
  const { demo, url, group } = await inProcess({ REQUEST_TIMEOUT_MS: "600" });
  await demo.post([credit("first")]);
  const before = await group();
  const text = JSON.stringify({ commands: [credit("slow")] });
  const cold = ["POST /v1/accounts/lookup HTTP/1.1", "host: x", `authorization: Bearer ${demo.key}`, JSON_TYPE];
  const drips: [string, string, string][] = [
    ["headers", "", head(demo.key, [`content-length: ${text.length}`])],
    ["hot body", head(demo.key, [`content-length: ${text.length}`]), text],
    [
      "hot chunks",
      head(demo.key, ["transfer-encoding: chunked"]),
      `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    ],
    ["cold body", [...cold, `content-length: ${text.length}`, "", ""].join("\r\n"), text],
  ];
  const cut = drips.map(async ([title, first, slow]) => {
    const { socket, seen } = await open(url);
    socket.write(first);
    let sent = 0;
    const timer = setInterval(() => {
      // Each comes to less than its end before it is cut off.
      if (sent < slow.length - 2 && !socket.destroyed) socket.write(slow[sent++]!);
    }, 50);
    await seen.closed;
    clearInterval(timer);
    return [title, seen.text.slice(0, 13), /"code":"([A-Z_]+)"/.exec(seen.text)?.[1], sent < slow.length - 2];
  });
  for (const [title, ...rest] of await Promise.all(cut)) {
    expect([title, ...rest]).toEqual([title, "HTTP/1.1 408 ", "REQUEST_TIMEOUT", true]);
  }
  expect((await group()).stateHash).toBe(before.stateHash);
});

test("a refused client that neither reads nor stops sending is closed all the same", async () => {
  const { url } = await inProcess();
  const { port, hostname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  const closed = new Promise((resolve) => socket.once("error", () => resolve("closed")).once("close", resolve));
  const timer = setInterval(() => socket.write("x"), 100);
  onTestFinished(() => clearInterval(timer));
  socket.write("NOT HTTP\r\n\r\n");
  expect(await Promise.race([closed, pause(20_000).then(() => "open")])).not.toBe("open");
});

test("three hundred idle and half-open connections hinder nobody, and the half-open ones are closed in time", async () => {
  const { demo, url } = await inProcess({ REQUEST_TIMEOUT_MS: "1000" });
  const idle = await Promise.all(Array.from({ length: 150 }, () => open(url)));
  const half = await Promise.all(Array.from({ length: 150 }, () => open(url)));
  for (const { socket } of half) socket.write("POST /v1/commands HTTP/1.1\r\nhost:");
  for (let i = 0; i < 20; i++) expect((await demo.one(credit(`c${i}`))).code).toBe("OK");
  await Promise.all(half.map(({ seen }) => seen.closed));
  for (const { seen } of half) expect(seen.text.slice(0, 13)).toBe("HTTP/1.1 408 ");
  expect((await demo.one(credit("after"))).available).toBe("21.00");
  for (const { socket } of idle) socket.destroy();
});

test("every answer of the hot route has the security headers: taken, done, refused, and refused below HTTP", async () => {
  const { demo, url } = await inProcess();
  const answers = [
    await demo.post([credit("a")], { prefer: null }),
    await demo.post([credit("b")]),
    await demo.send("POST", "/v1/commands", "{"),
    await demo.send("POST", "/v1/commands", "{}", { authorization: "Bearer x" }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 200, 400, 401]);
  const texts = answers.map(({ headers }) => [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join(""));
  const expecting = await raw(url, ["GET /health HTTP/1.1\r\nhost: x\r\nexpect: more\r\nconnection: close\r\n\r\n"]);
  expect(expecting).toMatch(/^HTTP\/1\.1 400 .*"detail":"Of `Expect` only 100-continue is known here\."/s);
  for (const text of [...texts, expecting, await raw(url, ["NOT HTTP\r\n\r\n"])]) {
    for (const line of [
      "x-content-type-options: nosniff",
      "x-frame-options: DENY",
      "referrer-policy: no-referrer",
      "cache-control: no-store",
      "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/^x-request-id: /m);
  }
});

test("no answer allows another origin, neither to a preflight nor to a request, hot or cold", async () => {
  const { demo, url } = await inProcess();
  const origin = { origin: "https://evil.example" };
  const asks = {
    ...origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization",
  };
  const authorization = `Bearer ${demo.key}`;
  const body = JSON.stringify({ commands: [credit("a")] });
  const answers = await Promise.all([
    fetch(`${url}/v1/commands`, { method: "OPTIONS", headers: asks }),
    fetch(`${url}/v1/accounts/alice`, { method: "OPTIONS", headers: asks }),
    fetch(`${url}/health`, { headers: origin }),
    fetch(`${url}/v1/results`, { headers: { ...origin, authorization } }),
    fetch(`${url}/v1/commands`, {
      method: "POST",
      body,
      headers: { ...origin, authorization, "content-type": "application/json" },
    }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 200, 200, 202]);
  for (const { headers } of answers) {
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
});

test("a request that two readers could cut differently is refused, and what hides behind it is not run", async () => {
  const { demo, url, group } = await inProcess();
  const hidden = `${head(demo.key, ["content-length: 2"])}{}`;
  const framings: [string, readonly string[], string][] = [
    ["length and chunks", ["content-length: 5", "transfer-encoding: chunked"], "0\r\n\r\n"],
    ["chunks and length", ["transfer-encoding: chunked", "content-length: 5"], "0\r\n\r\n"],
    ["two lengths", ["content-length: 2", "content-length: 5"], "{}"],
    ["chunked twice", ["transfer-encoding: chunked, chunked"], "0\r\n\r\n"],
    ["chunked, and something behind it", ["transfer-encoding: chunked, identity"], "0\r\n\r\n"],
    ["a space before the colon", ["transfer-encoding : chunked"], "0\r\n\r\n"],
    ["a folded header", ["x: a", " transfer-encoding: chunked"], "0\r\n\r\n"],
    ["a signed length", ["content-length: +2"], "{}"],
    ["a length in hex", ["content-length: 0x2"], "{}"],
  ];
  for (const [title, headers, text] of framings) {
    const answer = await raw(url, [head(demo.key, headers) + text + hidden], { ms: 2000 });
    expect([title, answer.slice(0, 13), answer.split("HTTP/1.1 ").length]).toEqual([title, "HTTP/1.1 400 ", 2]);
  }
  expect((await group()).sequence).toBe(0);
});

test("a key reaches its own partner's accounts, commands and results only", async () => {
  const { demo, admin, url } = await inProcess();
  const { key } = (await admin.send("POST", "/v1/admin/partners", { id: "shop" })).body;
  await demo.one(credit("secret-1"));
  const get = async (path: string) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
    return [answer.status, await answer.text()] as const;
  };
  expect((await get("/v1/accounts/alice"))[0]).toBe(404);
  expect((await get("/v1/commands/secret-1"))[0]).toBe(404);
  expect((await get("/v1/results"))[1]).toContain('"results":[]');
  expect((await get("/v1/admin/partners"))[0]).toBe(403);
});

test("a connection lives on without a word in HTTP/1.1, with one in HTTP/1.0, and is told when it ends", async () => {
  const { demo, url } = await inProcess();
  let asked = 0;
  const ask = async (version: string, lines: readonly string[], count: number) => {
    const { socket, seen } = await open(url);
    for (let i = 1; i <= count; i++) {
      const body = JSON.stringify({ commands: [credit(`c${asked++}`)] });
      const text = head(demo.key, [...lines, `content-length: ${body.length}`]).replace("HTTP/1.1", version);
      socket.write(text + body);
      while (seen.text.split('"requestId"').length <= i && !socket.closed) await pause(5);
    }
    expect(seen.text.match(/HTTP\/1.1 202 /g)).toHaveLength(count);
    return {
      seen,
      said: [...seen.text.matchAll(/^(?:connection|keep-alive): .*$/gim)].map(([line]) => line.toLowerCase()),
    };
  };
  expect((await ask("HTTP/1.1", [], 2)).said).toEqual([]);
  const old = await ask("HTTP/1.0", ["connection: keep-alive"], 2);
  expect(old.said.filter((line) => line === "connection: keep-alive")).toHaveLength(2);
  for (const closing of [await ask("HTTP/1.1", ["connection: close"], 1), await ask("HTTP/1.0", [], 1)]) {
    await closing.seen.closed;
    expect(closing.said).toEqual(["connection: close"]);
  }
});
