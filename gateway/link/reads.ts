/** What is asked of a group through its rings, in turn with commands: accounts, and one remembered command. */
import { QUERY_BYTES, ROW_BYTES, readAccount, ringLayout, writeQuery } from "../../engine/index.ts";
import { ApiError } from "../errors.ts";
import type { AccountView } from "../group.ts";
import type { GroupLink } from "./group-link.ts";
import type { Reply, Waiting } from "./pending.ts";

const { ENTRY } = ringLayout;

/** How long a read waits for its answer, ms. */
const TIMEOUT_MS = 10_000;

/** Bytes of one command with its result: more than any has. */
const COMMAND_BYTES = 1024;

/** Accounts of one partner and currency, in the order asked; undefined for those never opened. */
export function readAccounts(
  link: GroupLink,
  partner: number,
  currency: number,
  names: readonly string[],
): Promise<(AccountView | undefined)[]> {
  return read(link, {
    kind: ENTRY.accounts,
    queries: names.map((name) => ({ partner, currency, name })),
    replyBytes: names.length * ROW_BYTES,
    take: (reply) => names.map((name, i) => accountIn(reply, i, name, currency)),
  });
}

/** The account in the row of number `i`. */
function accountIn(reply: Reply, i: number, account: string, currency: number): AccountView | undefined {
  const { floats, words } = reply.memory;
  const found = readAccount(floats, words, (reply.start + i * ROW_BYTES) >>> 3);
  if (found === undefined) return undefined;
  const { available, held, min, max, status, version } = found;
  const view = { account, currency, available, held, status, minBalance: min, version, sequence: reply.sequence };
  return max === undefined ? view : { ...view, maxBalance: max };
}

/** A remembered command, as `render` makes it of the answer's record; undefined if there is none. */
export function readCommand<T>(
  link: GroupLink,
  partner: number,
  id: string,
  render: (reply: Reply) => T,
): Promise<T | undefined> {
  return read(link, {
    kind: ENTRY.command,
    queries: [{ partner, currency: 0, name: id }],
    replyBytes: COMMAND_BYTES,
    take: (reply) => (reply.count === 0 ? undefined : render(reply)),
  });
}

interface Asked<T> {
  readonly kind: number;
  readonly queries: readonly { readonly partner: number; readonly currency: number; readonly name: string }[];
  /** Of the answer, at most. */
  readonly replyBytes: number;
  readonly take: (reply: Reply) => T;
}

async function read<T>(link: GroupLink, { kind, queries, replyBytes, take }: Asked<T>): Promise<T> {
  link.assertServes();
  const { rings } = link;
  const bytes = queries.length * QUERY_BYTES;
  const start = rings.hasRoomForReply(replyBytes) ? rings.claim(bytes) : -1;
  if (start < 0) throw new ApiError("OVERLOADED");
  for (const [i, query] of queries.entries()) writeQuery(rings.memory, start + i * QUERY_BYTES, query);
  return await new Promise<T>((resolve, reject) => {
    const waiting: Waiting = {
      deadline: performance.now() + TIMEOUT_MS,
      settle: (reply) => {
        // A throw here would reach the loop that hands out the answers of others.
        try {
          resolve(take(reply));
        } catch (error) {
          reject(error);
        }
      },
      lost: (why) => reject(new ApiError(why === "down" ? "GROUP_DOWN" : "OVERLOADED")),
    };
    rings.send(kind, bytes, queries.length, waiting, replyBytes);
  });
}
