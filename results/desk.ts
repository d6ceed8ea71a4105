/** Answers requests about journals: all that the reading thread does, without the thread. */

import { assert, InvariantError } from "../engine/index.ts";
import { DamageError, type FileLayer, nodeLayer } from "../journal/index.ts";
import { balanceAt } from "./balance.ts";
import type { ReaderAnswer, ReaderReply, ReaderRequest, ReaderStart } from "./messages.ts";
import { Pages } from "./pages.ts";
import { audit } from "./replay.ts";

interface Group {
  readonly directory: string;
  readonly pages: Pages;
}

export class Desk {
  readonly #layer: FileLayer;
  readonly #groups: ReadonlyMap<string, Group>;

  constructor({ groups }: ReaderStart, layer: FileLayer = nodeLayer) {
    this.#layer = layer;
    this.#groups = new Map(
      groups.map(({ name, directory }) => [name, { directory, pages: new Pages(directory, layer) }]),
    );
  }

  /** Never rejects: what goes wrong is in the reply. */
  async answer(request: ReaderRequest): Promise<ReaderReply> {
    const { id } = request;
    try {
      return { id, answer: await this.#answer(request) };
    } catch (error) {
      const code = error instanceof DamageError ? "DAMAGED" : "FAILED";
      const name = error instanceof InvariantError ? "A rule was broken: " : "";
      return { id, code, message: `${name}${error instanceof Error ? error.message : String(error)}` };
    }
  }

  async #answer(request: ReaderRequest): Promise<ReaderAnswer> {
    const group = this.#groups.get(request.group);
    assert(group !== undefined, `group ${request.group} is one of those that the reader was started with`);
    const { directory, pages } = group;
    const layer = this.#layer;
    switch (request.kind) {
      case "page":
        return pages.read(request.query);
      case "balance":
        return balanceAt(directory, layer, request.query);
      case "verify":
        return audit({ ...request.query, directory, layer });
    }
  }

  /** Closes files that were not read lately. `nowMs` is of `performance.now()`. */
  closeIdle(nowMs: number): void {
    for (const { pages } of this.#groups.values()) pages.closeIdle(nowMs);
  }

  close(): void {
    for (const { pages } of this.#groups.values()) pages.close();
  }
}
