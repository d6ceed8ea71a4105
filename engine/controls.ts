/** Control records: what they define for the group. They take no sequence, have no result and cannot fail. */
import { assert } from "./assert.ts";
import type { RecordMemory } from "./memory.ts";
import { TYPE } from "./record.ts";
import * as record from "./record-words.ts";
import type { State } from "./state.ts";

export function applyControl(state: State, input: RecordMemory, w: number): void {
  const { words } = input;
  const id = asciiAt(words, w + record.idWord(words, w), record.idBytes(words, w));
  const number = input.floats[(w >>> 1) + 2]!;
  switch (record.typeOf(words, w)) {
    case TYPE.definePartner:
      state.partners.set(words[w + record.PARTNER]!, id);
      break;
    case TYPE.defineCurrency:
      state.currencies.set(record.currency(words, w), { code: id, scale: number });
      break;
    default:
      assert(record.typeOf(words, w) === TYPE.setHorizon, "a control record's type is one of the list");
      state.horizonCommands = number;
  }
}

function asciiAt(words: Int32Array, start: number, bytes: number): string {
  let text = "";
  for (let i = 0; i < bytes; i++) text += String.fromCharCode((words[start + (i >>> 2)]! >>> ((i & 3) * 8)) & 0xff);
  return text;
}
