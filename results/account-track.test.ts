import { expect, test } from "vitest";
import { OUTCOME, RecordMemory, recordWords as record, ZERO } from "../engine/index.ts";
import { AccountTrack } from "./account-track.ts";
import { isControlAt, recordBytesAt } from "./result-record.ts";
import { makeHistory } from "./testing/history.ts";

/** A record that changes one account, which it names itself. */
function findChange(): { memory: RecordMemory; at: number } {
  for (const { body } of makeHistory({ seed: 3, commands: 300 })) {
    const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
    const { words } = memory;
    for (let at = 0; at < body.byteLength; at += recordBytesAt(memory, at)) {
      const w = at >>> 2;
      if (isControlAt(memory, at) || record.resolvedWord(words, w) !== 0) continue;
      const outcome = (words[record.resultWord(words, w)]! >>> 8) & 0xff;
      if ((outcome & (OUTCOME.CHANGE_1 | OUTCOME.CHANGE_2 | OUTCOME.DUPLICATE)) === OUTCOME.CHANGE_1)
        return { memory, at };
    }
  }
  throw new Error("the history has no such record");
}

test("an account is followed over its change of number 2^32, behind which its version is 0 again", () => {
  const { memory, at } = findChange();
  const { words } = memory;
  const w = at >>> 2;
  words[record.resultWord(words, w) + 1] = 0;
  const name = (w + record.nameWord(words, w)) * 4;
  const account = new TextDecoder().decode(memory.bytes.slice(name, name + record.nameBytes(words, w)));
  const key = { partner: words[w + record.PARTNER]!, currency: record.currency(words, w), account };
  const start = {
    available: ZERO,
    held: ZERO,
    min: ZERO,
    max: undefined,
    status: "active",
    version: 0xffff_ffff,
  } as const;
  const track = new AccountTrack(key, start);
  track.see(memory, at);
  expect(track.state?.version).toBe(0);
});
