import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { BodyBudget } from "../edge/body-budget.ts";
import { readBody } from "./body.ts";

/** A server that reads bodies of at most 1000 bytes with a budget, and a way to send it pieces. */
async function reader(budget: BodyBudget) {
  const told: string[] = [];
  const server = createServer((request, response) => {
    const answer = (text: string) => {
      told.push(text);
      response.end(text);
    };
    const onBody = (body: Uint8Array) => answer(`${body.byteLength} bytes`);
    readBody(request, 1000, { onBody, onRefused: ({ code }) => answer(code) }, budget);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const send = async (length: number, piece: number): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${"x".repeat(piece)}`);
    return socket;
  };
  return { told, send };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("half bodies beyond the budget are refused, whole ones are not counted, and broken connections give room back", async () => {
  const budget = new BodyBudget(1500);
  const { told, send } = await reader(budget);
  const held = [await send(1000, 700), await send(1000, 700)];
  await until(() => budget.used === 1400);
  await send(1000, 200);
  await until(() => told.length === 1);
  await send(900, 900);
  await until(() => told.length === 2);
  expect(told).toEqual(["OVERLOADED", "900 bytes"]);
  for (const socket of held) socket.destroy();
  await until(() => budget.used === 0);
  const late = await send(1000, 600);
  await until(() => budget.used === 600);
  late.write("x".repeat(400));
  await until(() => told.length === 3);
  expect(told[2]).toBe("1000 bytes");
  await until(() => budget.used === 0);
});

test("a body is refused as soon as it is known to be too long: by its length, or by its pieces", async () => {
  const budget = new BodyBudget(1e6);
  const { told, send } = await reader(budget);
  await send(1001, 0);
  await until(() => told.length === 1);
  const socket = await send(0, 0);
  await until(() => told.length === 2);
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n${"x".repeat(1000)}\r\n`);
  await until(() => budget.used === 1000);
  socket.write("1\r\nx\r\n");
  await until(() => told.length === 3);
  expect(told).toEqual(["BODY_TOO_LARGE", "0 bytes", "BODY_TOO_LARGE"]);
});
