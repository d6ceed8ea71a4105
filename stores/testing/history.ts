/** Messages of a generated history, as the topic would carry them, and the balances that the engine ends with. */
import { eachAccount, formatMoney, type Machine, WORLD } from "../../engine/index.ts";
import { RecordMemory } from "../../engine/memory.ts";
import { renderRecords } from "../../results/index.ts";
import { historyNames, makeHistory } from "../../results/testing/history.ts";
import { parseMessage, type Result } from "../message.ts";
import type { Balance, Batch, Store } from "../store.ts";

export const JOURNAL = "0f".repeat(16);

export interface History {
  readonly results: readonly Result[];
  /** Values of messages of up to 100 results each. */
  readonly messages: readonly string[];
  /** The engine's accounts at the end, by key, as `balanceText` writes them. */
  readonly balances: ReadonlyMap<string, string>;
}

const RESULTS_A_MESSAGE = 100;

/** The history of a seed, of at least so many commands. */
export function history(seed: number, commands: number, group = "g0"): History {
  const names = historyNames();
  const results: Result[] = [];
  const messages: string[] = [];
  let machine: Machine | undefined;
  makeHistory({
    seed,
    commands,
    onFrame: ({ body, firstSequence, timeMs }, after) => {
      machine = after;
      const memory = new RecordMemory(body.buffer, body.byteOffset, body.byteLength);
      const texts = renderRecords(memory, 0, body.byteLength, firstSequence, timeMs, names);
      for (let at = 0; at < texts.length; at += RESULTS_A_MESSAGE) {
        const slice = texts.slice(at, at + RESULTS_A_MESSAGE);
        const message = messageText({ group, first: firstSequence + at, at: new Date(timeMs).toISOString() }, slice);
        messages.push(message);
        results.push(...parseMessage(message).results);
      }
    },
  });
  return { results, messages, balances: balancesOf(machine!) };
}

/** The value of a message of these results. */
export function messageText(head: { group: string; first: number; at: string }, results: readonly string[]): string {
  const { group, first, at } = head;
  return `{"group":"${group}","epoch":1,"first":${first},"count":${results.length},"at":"${at}","results":[${results.join(",")}]}`;
}

/** A batch of results, of epoch 1 of the histories' journal. */
export function batchOf(results: readonly Result[], group = "g0"): Batch {
  return { group, epoch: 1, journal: JOURNAL, results };
}

/** The engine's accounts but `@world`, which stores do not have. */
function balancesOf(machine: Machine): Map<string, string> {
  const names = historyNames();
  const accounts = [...eachAccount(machine.state)].filter(({ name }) => name !== WORLD);
  return new Map(
    accounts.map(({ partner, currency, name, available, held, status, version }) => {
      const { code, scale } = names.currency(currency);
      const money = ({ hi, lo }: { hi: number; lo: number }) => formatMoney(hi, lo, scale);
      const balance = { available: money(available), held: money(held), status, version };
      return [`${names.partner(partner)}/${code}/${name}`, balanceText(balance)];
    }),
  );
}

export function balanceText(balance: Pick<Balance, "available" | "held" | "status" | "version">): string {
  const { available, held, status, version } = balance;
  return `${available} ${held} ${status} v${version}`;
}

/** All balances of a store as `History.balances` has them. */
export async function storeBalances(store: Store, group = "g0"): Promise<Map<string, string>> {
  const balances = new Map<string, string>();
  for await (const balance of store.balances(group)) {
    balances.set(`${balance.partner}/${balance.currency}/${balance.account}`, balanceText(balance));
  }
  return balances;
}
