import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { FundClient } from "./fund-client.ts";

async function clientOf(handler: RequestListener, timeoutMs = 5000): Promise<FundClient> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/base`;
  const client = new FundClient({ url, participant: "ks", token: "secret", timeoutMs });
  onTestFinished(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const idOf = (request: Parameters<RequestListener>[0]) => String(request.headers["x-ksy-request-id"]);

test("a call carries its path, its body and the headers, and a request id of its own with every attempt", async () => {
  const seen: unknown[] = [];
  const client = await clientOf((request, response) => {
    const { "x-ksy-kingstar-id": participant, "x-ksy-token": token, "content-type": type } = request.headers;
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      seen.push([request.method, request.url, participant, token, type, body, idOf(request)]);
      response.end(`{"code":501,"msg":"too little","requestId":"${idOf(request)}","data":null}`);
    });
  });
  for (let i = 0; i < 2; i++) expect(await client.post("pay", '{"é":1}')).toEqual({ code: 501, msg: "too little" });
  const [one, two] = seen as string[][];
  expect(one?.slice(0, -1)).toEqual(["POST", "/base/pay", "ks", "secret", "application/json", '{"é":1}']);
  expect(one?.at(-1)).not.toBe(two?.at(-1));
});

const ENVELOPE = '{"code":200,"msg":"ok","requestId":"ID","data":null}';

test.each<[string, RequestListener]>([
  ["HTTP 504", (_, response) => response.writeHead(504).end("<html>")],
  ["HTTP 500", (request, response) => response.writeHead(500).end(ENVELOPE.replace("ID", idOf(request)))],
  ["the reply belongs to another request", (_, response) => response.end(ENVELOPE.replace("ID", "other"))],
  ["the reply belongs to another request", (_, response) => response.end('{"code":200}')],
  ["the reply has no code", (request, response) => response.end(`{"code":"200","requestId":"${idOf(request)}"}`)],
  ["the reply has no code", (_, response) => response.end("null")],
  ["the reply is no JSON", (_, response) => response.end(ENVELOPE.slice(0, 20))],
  ["the reply is too long", (_, response) => response.end("x".repeat(100_000))],
  ["socket hang up", (request) => request.socket.destroy()],
  [
    "the connection was closed",
    (request) =>
      void request.socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
  ],
  [
    "aborted",
    (request, response) => {
      response.writeHead(200, { "content-length": "500" }).write(ENVELOPE.replace("ID", idOf(request)));
      setTimeout(() => request.socket.destroy(), 20);
    },
  ],
])("%s is no answer", async (why, handler) => {
  const client = await clientOf(handler);
  expect(await client.post("pay", "{}")).toEqual({ why });
});

test("a reply that does not come in time is not waited for, and one that drips neither", async () => {
  const silent = await clientOf(() => {}, 100);
  expect(await silent.post("pay", "{}")).toEqual({ why: "no reply in time" });
  const dripping = await clientOf((_, response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  }, 100);
  expect(await dripping.post("pay", "{}")).toEqual({ why: "no reply in time" });
});

test("a third party that is not there is no answer", async () => {
  const client = new FundClient({ url: "http://127.0.0.1:1", participant: "ks", token: undefined, timeoutMs: 1000 });
  onTestFinished(() => client.close());
  expect(await client.post("pay", "{}")).toEqual({ why: expect.stringContaining("ECONNREFUSED") });
});
