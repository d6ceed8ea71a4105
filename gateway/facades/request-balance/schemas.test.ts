import * as Schema from "typebox/schema";
import { expect, test } from "vitest";
import { seeded, spellArray } from "../../scanner/testing/generate.ts";
import { oddOrder, scanOrders } from "../../scanner/testing/orders.ts";
import { SUCCESS } from "./envelope.ts";
import { OPERATIONS, ORDERS } from "./schemas.ts";

test("what the scanner takes, the documented schema takes; what the schema refuses, the scanner refuses", () => {
  const random = seeded(21);
  const tally = { taken: 0, refusedByBoth: 0 };
  for (let round = 0; round < 20_000; round++) {
    const text = spellArray([oddOrder(random)], random);
    const isTaken = scanOrders(Buffer.from(text), 0) !== undefined;
    const isDocumented = Schema.Check(ORDERS, parsed(text));
    if (isTaken && !isDocumented) expect.fail(`the document refuses what is taken: ${text}`);
    if (isTaken) tally.taken++;
    else if (!isDocumented) tally.refusedByBoth++;
  }
  expect(tally.taken).toBeGreaterThan(300);
  expect(tally.refusedByBoth).toBeGreaterThan(5_000);
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test("the answer is as documented, and 164 bytes", () => {
  const { responses } = OPERATIONS["/balance/request-balance"].post;
  const { schema } = responses[200].content["application/json"];
  expect(Schema.Check(schema as Parameters<typeof Schema.Check>[0], JSON.parse(SUCCESS))).toBe(true);
  expect(Buffer.byteLength(SUCCESS)).toBe(164);
});
