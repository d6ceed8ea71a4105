/** The end of a torture: everything that was acknowledged is looked for, and the journal is read by a reader of its own. */
import { join } from "node:path";
import { Machine } from "../../engine/index.ts";
import { findSnapshots, nodeLayer, verify } from "../../journal/index.ts";
import { ACCOUNTS } from "./clients.ts";
import { cents, type Ledger, type Result } from "./ledger.ts";
import type { Server } from "./server.ts";

export interface Audit {
  lost: number;
  changed: number;
  /** Accounts whose balance is not the sum of what the results say. */
  doubled: number;
  sequence: number;
  frames: number;
  /** Read by GET /v1/results. */
  results: number;
  stateHash: string;
}

/** Lookups under way at once. */
const PARALLEL = 16;

async function get(server: Server, path: string, key: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.json() };
}

/** Looks at every id that was ever sent and every account, in the service as it runs. Faults go to the ledger. */
export async function auditService(server: Server, ledger: Ledger): Promise<Audit> {
  const audit: Audit = { lost: 0, changed: 0, doubled: 0, sequence: 0, frames: 0, results: 0, stateHash: "" };
  const sums = new Map<string, bigint>();
  const sequences = new Map<number, string>();
  const ids = [...ledger.sent];
  const look = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const { status, body } = await get(server, `/v1/commands/${id}`, server.key);
      const found = status === 200 ? (body as Result) : undefined;
      const verdict = ledger.check(id, found);
      if (verdict === "lost") ledger.faults.push(`${id} was acknowledged and is not there`);
      if (verdict !== "same") audit[verdict]++;
      if (found === undefined) continue;
      const other = sequences.get(found.sequence);
      if (other !== undefined) ledger.faults.push(`sequence ${found.sequence} has ${other} and ${id}`);
      sequences.set(found.sequence, id);
      for (const { account, delta } of found.changes) sums.set(account, (sums.get(account) ?? 0n) + cents(delta));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, look));
  for (let i = 0; i < ACCOUNTS; i++) {
    const { status, body } = await get(server, `/v1/accounts/a${i}`, server.key);
    const balance = status === 200 ? cents((body as { balance: string }).balance) : 0n;
    const expected = sums.get(`a${i}`) ?? 0n;
    if (balance === expected) continue;
    audit.doubled++;
    ledger.faults.push(`account a${i} has ${balance} cents, its results give ${expected}`);
  }
  const { body } = await get(server, "/v1/admin/groups", server.adminKey);
  const group = (body as { groups: { sequence: number; stateHash: string }[] }).groups[0]!;
  audit.sequence = group.sequence;
  audit.stateHash = group.stateHash;
  await verifyByService(server, audit, ledger);
  await readResults(server, audit, ledger);
  return audit;
}

/** The service replays its own journal beside its state. */
async function verifyByService(server: Server, audit: Audit, ledger: Ledger): Promise<void> {
  const response = await fetch(`${server.url}/v1/admin/groups/g0/verify`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.adminKey}` },
  });
  const report = (await response.json()) as { ok: boolean; stateHash: string; trialBalance: Record<string, string> };
  const isBalanced = Object.values(report.trialBalance ?? {}).every((sum) => /^0(\.0+)?$/.test(sum));
  if (report.ok && isBalanced && report.stateHash === audit.stateHash) return;
  ledger.faults.push(`verify says ${JSON.stringify(report)}`);
}

/** Reads all results that are kept, in pages: one for each sequence, and those acknowledged as they were acknowledged. */
async function readResults(server: Server, audit: Audit, ledger: Ledger): Promise<void> {
  const first = await get(server, "/v1/results?after=0", server.key);
  const { oldest } = first.body as { oldest?: number };
  const start = first.status === 410 ? oldest! - 1 : 0;
  for (let after = start; after < audit.sequence; ) {
    const { body } = await get(server, `/v1/results?after=${after}&limit=1000`, server.key);
    const { results, next } = body as { results: Result[]; next: number };
    for (const result of results) {
      audit.results++;
      if (result.duplicate !== true && result.code !== "ID_REUSED") ledger.check(result.id, result);
    }
    if (!(next > after)) break;
    after = next;
  }
  const expected = audit.sequence - start;
  if (audit.results !== expected) ledger.faults.push(`${audit.results} results are read, not ${expected}`);
}

/** Replays the journal of the stopped service from its first frame into a machine of its own, where none was trimmed. */
export function auditJournal(data: string, audit: Audit, ledger: Ledger): void {
  const directory = join(data, "groups", "g0");
  const machine = new Machine({ seed: 99 });
  let isWhole = true;
  const found = verify(directory, {
    onFrame: (info, body) => {
      isWhole &&= audit.frames > 0 || info.firstSequence === 1;
      audit.frames++;
      if (isWhole) machine.replayFrame(body.slice(), info.firstSequence, info.timeMs, info.records);
    },
  });
  if (!found.ok) {
    ledger.faults.push(found.message);
    return;
  }
  const invalid = found.snapshots.filter((snapshot) => !snapshot.ok);
  if (invalid.length > 0) ledger.faults.push(`snapshot ${invalid[0]!.file}: ${invalid[0]!.message}`);
  if (findSnapshots(nodeLayer, directory).length === 0) ledger.faults.push("no snapshot was written");
  if (found.sequence !== audit.sequence)
    ledger.faults.push(`the journal ends at ${found.sequence}, not ${audit.sequence}`);
  if (!isWhole) return;
  for (const [currency, sum] of machine.trialBalance()) {
    if (sum !== 0n) ledger.faults.push(`trial balance of currency ${currency}: ${sum}`);
  }
  machine.checkInvariants();
  if (machine.stateHash() !== audit.stateHash) {
    ledger.faults.push(`the journal replays to ${machine.stateHash()}, the service had ${audit.stateHash}`);
  }
}
