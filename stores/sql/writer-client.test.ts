import { expect, onTestFinished, test } from "vitest";
import { NOTHING } from "../store.ts";
import type { WriteJob } from "./messages.ts";
import { WriterClient } from "./writer-client.ts";

const job = (group: string): WriteJob => ({
  ...{ group, before: NOTHING, after: { sequence: 1, epoch: 1, journal: "" }, rows: [], rest: [], mayLoad: true },
});

function open(url: string): WriterClient {
  const writer = new WriterClient({ url });
  onTestFinished(() => writer.close());
  return writer;
}

test("what the database says is told, with its number or code", async () => {
  const writer = open("mysql://nobody@127.0.0.1:1/nothing");
  await expect(writer.write(job("g0"))).rejects.toThrow("ECONNREFUSED");
});

test("a thread that ends by a fault rejects all that waits, and the next batch begins a new one", async () => {
  const writer = open("no address");
  const answers = await Promise.allSettled([writer.write(job("g0")), writer.write(job("g1"))]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(answers.map((answer) => (answer as PromiseRejectedResult).reason.message)).toEqual([
    "Invalid URL",
    "Invalid URL",
  ]);
  await expect(writer.write(job("g0"))).rejects.toThrow("Invalid URL");
});

test("after its end it refuses, and may be closed again", async () => {
  const writer = open("mysql://nobody@127.0.0.1:1/nothing");
  await writer.write(job("g0")).catch(() => {});
  await writer.close();
  await writer.close();
  await expect(writer.write(job("g0"))).rejects.toThrow("closed");
});
