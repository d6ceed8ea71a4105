/** Steps of the crash histories, over a state that is the list of the frames' names. */
import assert from "node:assert";
import type { FileLayer } from "../file-layer.ts";
import type { Journal } from "../journal.ts";
import { newestSnapshot, readSnapshot } from "../snapshot.ts";
import type { HistoryLog } from "./crash-points.ts";
import { appendSample, longText, sampleText } from "./sample-frames.ts";
import { DIRECTORY, GROUP, openSample } from "./sample-journal.ts";

/** Appends a frame of about `bytes` bytes under a new name, and prepares a piece of the next segment. */
export function appendNamed(journal: Journal, log: HistoryLog, bytes: number): void {
  const name = `f${log.attempted.length}`;
  log.attempted.push(name);
  appendSample(journal, longText(name, bytes), 3);
  log.acknowledged.push(name);
  journal.idle();
}

/** The state from the newest snapshot and what is behind it. */
export function recoverState(layer: FileLayer): { journal: Journal; state: string[] } {
  const state: string[] = [];
  const snapshot = newestSnapshot({ directory: DIRECTORY, group: GROUP, layer });
  if (snapshot !== undefined) {
    readSnapshot(layer, snapshot.path, (_tag, _index, bytes) => state.push(...sampleText(bytes).split(" ")));
  }
  const { journal, names } = openSample(layer, {}, snapshot?.meta.position);
  return { journal, state: [...state, ...names] };
}

/** Recovers, and shows that the journal can be appended to and opened again. */
export function recoverAndGoOn(layer: FileLayer): string[] {
  const { journal, state } = recoverState(layer);
  const probe = `after${state.length}`;
  appendSample(journal, probe);
  journal.close();
  const again = recoverState(layer);
  again.journal.close();
  assert.deepEqual(again.state, [...state, probe]);
  return state;
}
