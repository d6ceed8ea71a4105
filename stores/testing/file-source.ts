/** Messages from a file, a line each, as a topic would give them: what was committed survives, what was applied may come again. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { MessageSink, MessageSource, SourceMessage } from "../source.ts";
import { JOURNAL } from "./history.ts";

/** Messages handed over at a time, and how many of these go by without a commit. */
const MESSAGES_A_TAKE = 3;
const TAKES_A_COMMIT = 4;

export class FileSource implements MessageSource {
  readonly #path: string;
  readonly #group: string;

  constructor(path: string, group = "g0") {
    this.#path = path;
    this.#group = group;
  }

  /** Resolves behind the last line. */
  async run(sink: MessageSink, signal: AbortSignal): Promise<void> {
    const lines = readFileSync(this.#path, "utf8").trimEnd().split("\n");
    const committed = `${this.#path}.committed`;
    let at = existsSync(committed) ? Number(readFileSync(committed, "utf8")) : 0;
    for (let takes = 1; at < lines.length && !signal.aborted; takes++) {
      const messages = lines.slice(at, at + MESSAGES_A_TAKE).map((value, i) => messageAt(value, at + i));
      const outcome = await sink.take(this.#group, messages);
      if (outcome.kind === "stop") throw new Error(`stopped at line ${at}`);
      if (outcome.kind === "rewind") at = 0;
      if (outcome.kind === "retry") await new Promise((resolve) => setTimeout(resolve, 20));
      if (outcome.kind === "applied") at += messages.length;
      if (takes % TAKES_A_COMMIT === 0) writeFileSync(committed, String(at));
    }
  }
}

function messageAt(value: string, line: number): SourceMessage {
  return { value, type: "ringfence.results.v1", journal: JOURNAL, place: `line ${line}` };
}
