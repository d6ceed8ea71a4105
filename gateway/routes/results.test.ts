import { once } from "node:events";
import { createServer, get as httpGet } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventTexts, writePaced } from "../event-stream.ts";
import { FakeResultLog } from "../fakes/group.ts";
import { STREAMS_PER_PARTNER_MAX } from "../limits.ts";
import { readResults } from "../results-reader.ts";
import { type TestGateway, testGateway } from "../testing.ts";

const get = ({ app, demo }: TestGateway, query = "") =>
  app.inject({ url: `/v1/results${query}`, headers: demo.headers });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("GET /v1/results", () => {
  it("pages through the partner's own results, with gaps where others' are left out (I12)", async () => {
    const gateway = await testGateway();
    gateway.log.append(1, 2, 1, 2, 2, 1);
    const first = (await get(gateway, "?limit=2")).json();
    expect(first.results.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 3]);
    const second = (await get(gateway, `?limit=2&after=${first.next}`)).json();
    expect(second).toEqual({ results: [{ sequence: 6, partner: 1 }], next: 6 });
  });

  it("gives an empty page at the durable end only, however far others' results reach", async () => {
    const gateway = await testGateway();
    gateway.log.scanned = 3;
    gateway.log.append(...Array(20).fill(2), 1, 2);
    expect((await get(gateway)).json()).toEqual({ results: [{ sequence: 21, partner: 1 }], next: 21 });
    expect((await get(gateway, "?after=21")).json()).toEqual({ results: [], next: 22 });
  });

  it("waits for a result that comes, and skips others' meanwhile", async () => {
    const gateway = await testGateway();
    const pending = get(gateway, "?wait=30");
    await until(() => gateway.log.waiting === 1);
    gateway.log.append(2);
    await until(() => gateway.log.waiting === 1 && gateway.log.reads >= 3);
    gateway.log.append(1);
    expect((await pending).json()).toEqual({ results: [{ sequence: 2, partner: 1 }], next: 2 });
  });

  it("answers empty when the wait is over", async () => {
    const gateway = await testGateway();
    gateway.log.append(2);
    const began = performance.now();
    expect((await get(gateway, "?wait=1")).json()).toEqual({ results: [], next: 1 });
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it("below what is kept is 410 with the oldest sequence; just at it is not", async () => {
    const gateway = await testGateway();
    gateway.log.append(1, 1, 1, 1, 1);
    gateway.log.oldest = 4;
    const trimmed = await get(gateway, "?after=2");
    expect([trimmed.statusCode, trimmed.json()]).toMatchObject([410, { code: "RESULTS_TRIMMED", oldest: 4 }]);
    expect((await get(gateway, "?after=3")).json().results).toHaveLength(2);
  });

  it.each([
    "?limit=0",
    "?limit=1001",
    "?wait=31",
    "?after=-1",
    "?after=1.5",
    "?after=x",
    "?limit=",
    "?after=1&after=2",
  ])("%s is refused", async (query) => {
    const response = await get(await testGateway(), query);
    expect([response.statusCode, response.json().code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("ends its wait when the gateway closes", async () => {
    const gateway = await testGateway();
    const pending = get(gateway, "?wait=30");
    await until(() => gateway.log.waiting === 1);
    await gateway.app.close();
    expect((await pending).json()).toEqual({ results: [], next: 0 });
  });

  it("lets a partner have a bounded number of waits, and another partner is not concerned", async () => {
    const gateway = await testGateway();
    const waits = Array.from({ length: STREAMS_PER_PARTNER_MAX }, () => get(gateway, "?wait=30"));
    await until(() => gateway.log.waiting === STREAMS_PER_PARTNER_MAX);
    const refused = await get(gateway);
    expect([refused.statusCode, refused.json().code, refused.headers["retry-after"]]).toEqual([
      429,
      "RATE_LIMITED",
      "1",
    ]);
    const { headers } = gateway.other("shop");
    expect((await gateway.app.inject({ url: "/v1/results", headers })).statusCode).toBe(200);
    gateway.log.append(1);
    await Promise.all(waits);
    expect((await get(gateway)).statusCode).toBe(200);
  });
});

/** Opens an event stream over a real socket; `text` gives what came when it contains `part`. */
async function openStream(gateway: TestGateway, { query = "", headers = {} } = {}) {
  if (!gateway.app.server.listening) await gateway.app.listen({ port: 0 });
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(`${gateway.app.listeningOrigin}/v1/results${query}`, {
    headers: { accept: "text/event-stream", ...gateway.demo.headers, ...headers },
    signal: controller.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  let ended = false;
  const text = async (part: string) => {
    while (!seen.includes(part) && !ended) {
      const { value, done } = await reader.read();
      seen += value ?? "";
      ended = done;
    }
    return seen;
  };
  return { response, text, controller, ended: () => ended };
}

const event = (sequence: number) => `id: ${sequence}\ndata: {"sequence":${sequence},"partner":1}\n\n`;

describe("GET /v1/results as events", () => {
  it("sends what is there and what comes, each with its sequence as id", async () => {
    const gateway = await testGateway();
    gateway.log.append(1, 2, 1);
    const { response, text } = await openStream(gateway);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(await text(event(3))).toBe(event(1) + event(3));
    gateway.log.append(2, 1);
    expect(await text(event(5))).toBe(event(1) + event(3) + event(5));
  });

  it("resumes after Last-Event-ID, which counts before `after`", async () => {
    const gateway = await testGateway();
    gateway.log.append(1, 1, 1);
    const { text } = await openStream(gateway, { query: "?after=0", headers: { "last-event-id": "2" } });
    expect(await text(event(3))).toBe(event(3));
  });

  it.each([
    [{ "last-event-id": "x" }, 400, "INVALID_REQUEST"],
    [{ "last-event-id": "0" }, 410, "RESULTS_TRIMMED"],
  ])("is a problem, not a stream, for %j", async (headers, status, code) => {
    const gateway = await testGateway();
    gateway.log.append(1, 1);
    gateway.log.oldest = 2;
    const { response, text } = await openStream(gateway, { headers });
    expect(response.status).toBe(status);
    expect(JSON.parse(await text("}"))).toMatchObject({ code });
  });

  it("ends when its key is revoked", async () => {
    const gateway = await testGateway();
    gateway.log.append(1);
    const stream = await openStream(gateway);
    await stream.text(event(1));
    gateway.registry.revokePartnerKey("demo", gateway.registry.partnerKeys("demo")[0]!.keyId);
    gateway.log.append(1);
    expect(await stream.text(event(2))).not.toContain(event(2));
    expect(stream.ended()).toBe(true);
  });

  it("ends when the gateway closes, and does not keep it from closing", async () => {
    const gateway = await testGateway();
    const stream = await openStream(gateway);
    await until(() => gateway.log.waiting === 1);
    await gateway.app.close();
    await stream.text("never");
    expect(stream.ended()).toBe(true);
  });

  it("frees what it held when the client goes", async () => {
    const gateway = await testGateway();
    const stream = await openStream(gateway);
    await until(() => gateway.log.waiting === 1);
    stream.controller.abort();
    await until(() => gateway.log.waiting === 0);
    expect(gateway.log.waiting).toBe(0);
  });

  it("reads no further than a client that does not read, so that it costs one page", async () => {
    const gateway = await testGateway();
    for (let page = 0; page < 400; page++) gateway.log.append(...Array(1000).fill(1));
    await gateway.app.listen({ port: 0 });
    const socket = connect(Number(new URL(gateway.app.listeningOrigin).port), "127.0.0.1").pause();
    onTestFinished(() => void socket.destroy());
    const head = `GET /v1/results HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n`;
    socket.write(`${head}Authorization: ${gateway.demo.headers.authorization}\r\n\r\n`);
    await until(() => gateway.log.reads > 0);
    let reads = -1;
    while (reads !== gateway.log.reads) {
      reads = gateway.log.reads;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // 400 pages are there; the sockets' buffers take some of them.
    expect(reads).toBeLessThan(300);
  });
});

describe("the event stream's text", () => {
  const query = (log: FakeResultLog, signal: AbortSignal) => ({
    log,
    partner: 1,
    after: 0,
    signal,
    mayGoOn: () => true,
    heartbeatMs: 20,
  });

  it("has heartbeats while nothing comes, whose id says how far it has scanned", async () => {
    const log = new FakeResultLog();
    const controller = new AbortController();
    const first = await readResults(log, { ...query(log, controller.signal), limit: 10, waitMs: 0 });
    const texts = eventTexts(query(log, controller.signal), first);
    expect((await texts.next()).value).toBe(": heartbeat\nid: 0\n\n");
    log.append(2, 2);
    expect((await texts.next()).value).toBe(": heartbeat\nid: 2\n\n");
    controller.abort();
    expect((await texts.next()).done).toBe(true);
  });

  it("ends with an error event when results were trimmed before they were sent", async () => {
    const log = new FakeResultLog();
    log.append(1);
    const { signal } = new AbortController();
    const first = await readResults(log, { ...query(log, signal), limit: 10, waitMs: 0 });
    const texts = eventTexts(query(log, signal), first);
    await texts.next();
    log.append(1, 1, 1);
    log.oldest = 4;
    expect((await texts.next()).value).toBe('event: error\ndata: {"code":"RESULTS_TRIMMED","oldest":4}\n\n');
    expect((await texts.next()).done).toBe(true);
  });
});

describe("a reader that takes nothing", () => {
  it("is given up after a time, and the rest is never made", async () => {
    let made = 0;
    async function* texts() {
      for (;;) {
        made++;
        yield "x".repeat(1 << 20);
      }
    }
    const { signal } = new AbortController();
    const failed = Promise.withResolvers<unknown>();
    const server = createServer((_request, response) => {
      writePaced(response, { texts: texts(), signal, stalledMs: 100 }).catch((error) => {
        response.destroy();
        failed.resolve(error);
      });
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const request = httpGet(`http://127.0.0.1:${(server.address() as { port: number }).port}`, (reply) =>
      reply.pause(),
    );
    request.on("error", () => {});
    expect(await failed.promise).toMatchObject({ name: "AbortError" });
    expect(made).toBeLessThan(50);
    request.destroy();
  });
});
