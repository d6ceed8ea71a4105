import { readFileSync } from "node:fs";
import type { Static } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";
import type { ResultsMessage } from "./message.ts";
import { ResultsMessageSchema } from "./message-schema.ts";
import { JournalSource } from "./publisher/journal-source.ts";
import { asyncApiText } from "./testing/asyncapi.ts";
import { makeJournal, temporaryFolder } from "./testing/journal-folder.ts";

const DOCUMENT = new URL("../docs/asyncapi.yaml", import.meta.url);

describe("the AsyncAPI document", () => {
  it("is the text that the schemas make", () => {
    expect(readFileSync(DOCUMENT, "utf8")).toBe(asyncApiText());
  });

  it("describes the type that consumers compile against", () => {
    expectTypeOf<Static<typeof ResultsMessageSchema>>().toExtend<ResultsMessage>();
  });

  it("accepts the records of generated histories, and refuses one with a field more, less or of another type", async () => {
    const directory = temporaryFolder(onTestFinished);
    const { durable } = await makeJournal(directory, { seed: 7, commands: 3000 });
    const source = new JournalSource({ group: "g0", directory });
    await source.open(durable);
    await source.seekTo(1, durable);
    const values: unknown[] = [];
    for (let batch = await source.next(durable); batch.length > 0; batch = await source.next(durable)) {
      values.push(...batch.map(({ value }) => JSON.parse(value.toString()) as unknown));
    }
    source.close();
    for (const value of values) expect([...Value.Errors(ResultsMessageSchema, value)]).toEqual([]);
    expect(values.length).toBeGreaterThan(10);
    const one = values[0] as ResultsMessage;
    const result = one.results[0]!;
    const { code, ...rest } = result;
    const wrong = [{ ...result, extra: 1 }, rest, { ...result, available: 10 }, { ...result, code: `${code}X` }];
    for (const bad of wrong) {
      expect(Value.Check(ResultsMessageSchema, { ...one, results: [bad, ...one.results.slice(1)] })).toBe(false);
    }
  });
});
