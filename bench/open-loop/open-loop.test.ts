/** The open-loop generator against servers that behave in known ways. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DISTRIBUTION, type Load } from "../http/measured.ts";
import { parseHead } from "./connection.ts";
import { runOpenLoop } from "./generator.ts";
import { Slices } from "./slices.ts";

const ANSWER = "HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}";

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/commands`;
}

function loadOf(url: string, more: Partial<Load> = {}): Load {
  const fixed = { run: 1, url, shape: "commands", key: "k", bucket: 2, accounts: 5, requests: 1 } as const;
  return { ...fixed, connections: 4, duration: 0.2, rate: 200, ...more };
}

/** A server that answers each request with what `answer` writes to the socket; one packet a request, for they are short. */
function rawServer(answer: (socket: Socket, request: number) => void): Promise<string> {
  let requests = 0;
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => answer(socket, ++requests));
  });
  return listening(server);
}

test("every planned request is sent with new ids and counted, and those acknowledged are known by number", async () => {
  const ids = new Set<string>();
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { commands } = JSON.parse(String(Buffer.concat(parts))) as { commands: { id: string }[] };
      for (const { id } of commands) ids.add(id);
      response.writeHead(ids.size === 20 ? 503 : 202, { "content-length": 2 }).end("{}");
    });
  };
  const report = await runOpenLoop(loadOf(await listening(createServer(answer))));
  expect([report.answered, report.accepted, report.classes]).toEqual([40, 39, [0, 39, 0, 0, 1]]);
  expect([report.timeouts, report.errors]).toEqual([0, 0]);
  expect(ids.size).toBe(80);
  expect(report.acknowledged.last.reduce((sum, last) => sum + last)).toBe(40);
  expect(report.acknowledged.failed.flat()).toHaveLength(1);
  expect(report.slices.reduce((sum, { answered }) => sum + answered, 0)).toBe(40);
});

test("a stall is charged to every request that it delayed", async () => {
  // One connection, and the first answer is held until the time of all 50 is past: in a closed loop one request would be slow.
  const url = await rawServer(
    (socket, request) => void setTimeout(() => socket.write(ANSWER), request === 1 ? 500 : 0),
  );
  const report = await runOpenLoop(loadOf(url, { connections: 1, rate: 100, duration: 0.5 }));
  expect(report.accepted).toBe(50);
  // The request planned in the middle waited for half of the stall at least; timers may be a little early.
  expect(report.distributionUs[DISTRIBUTION.indexOf(50)]).toBeGreaterThan(200_000);
  expect(report.latencyUs.max).toBeGreaterThan(450_000);
});

test("an answer may come in pieces", async () => {
  const url = await rawServer((socket) => {
    socket.write(ANSWER.slice(0, 20));
    setTimeout(() => socket.write(ANSWER.slice(20, -1)), 2);
    setTimeout(() => socket.write(ANSWER.slice(-1)), 30);
  });
  const report = await runOpenLoop(loadOf(url, { rate: 50 }));
  expect([report.accepted, report.receivedBytes]).toEqual([10, 10 * ANSWER.length]);
});

test.each([
  ["closes the connection", (socket: Socket) => void socket.destroy(), /closed|ECONNRESET/],
  [
    "answers without a length",
    (socket: Socket) => void socket.write("HTTP/1.1 202 Accepted\r\n\r\n{}"),
    /no Content-Length/,
  ],
  ["answers twice", (socket: Socket) => void socket.write(ANSWER + ANSWER), /more than one answer/],
])("a server that %s leaves requests without an answer, and the report says why", async (_, answer, why) => {
  const report = await runOpenLoop(loadOf(await rawServer(answer), { connections: 2 }));
  expect(report.errors).toBe(2);
  expect(report.timeouts).toBe(38);
  expect(report.why).toMatch(why);
});

test("a server that is not there is refused", async () => {
  await expect(runOpenLoop(loadOf("http://127.0.0.1:1/v1/commands"))).rejects.toThrow(/127.0.0.1:1.*ECONNREFUSED/);
});

test("a head is read once it is whole", () => {
  const text = "HTTP/1.1 503 Service Unavailable\r\nX: y\r\nContent-Length: 17\r\n\r\n";
  expect(parseHead(Buffer.from(text.slice(0, -1)))).toBeUndefined();
  expect(parseHead(Buffer.from(`${text}abc`))).toEqual({ status: 503, length: 17, bodyAt: text.length });
});

test("a tenth of a second without an answer is a slice of none", () => {
  const slices = new Slices();
  slices.add(20, 3);
  slices.add(30, 2);
  slices.add(250, 9);
  expect(slices.all()).toEqual([
    { answered: 2, longestMs: 3 },
    { answered: 0, longestMs: 0 },
    { answered: 1, longestMs: 9 },
  ]);
});
