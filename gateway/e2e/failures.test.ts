import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { eachRecord, isControl } from "../../engine/index.ts";
import { nodeLayer, readSnapshot, SnapshotWriter, verify } from "../../journal/index.ts";
import { temporaryFolder } from "../testing.ts";
import { Client, inProcess, pause, type Running } from "./server.ts";
import { BUG, FAILING_CLOSE, FAILING_SYNC, NO_ROOM, ROOM_AGAIN, runInGroup, slowSync, stallGroup } from "./threads.ts";

const credit = (id: string, amount = "1.00") => ({ id, type: "credit", account: "alice", amount });

/** A service with two groups and a partner in the second. */
async function twoGroups(data?: string): Promise<Running & { stop(): Promise<void>; other: Client }> {
  const service = await inProcess({ GROUPS: "g0,g1" }, data);
  const made = await service.admin.send("POST", "/v1/admin/partners", { id: "other", group: "g1", currency: "CNY" });
  return { ...service, other: new Client(service.url, made.body.key!) };
}

test("a group whose thread dies of a bug leaves the other serving, and comes back from its journal", async () => {
  const { demo, other, group, until } = await twoGroups();
  await demo.one(credit("a"));
  const before = await group("g0");
  await runInGroup("g0", BUG);
  await until("g0", "down");
  expect((await other.one(credit("b"))).code).toBe("OK");
  expect((await until("g0", "serving")).stateHash).toBe(before.stateHash);
  expect(await demo.one(credit("a"))).toMatchObject({ duplicate: true, of: 1 });
});

test("a failed sync is not tried again: the bucket's outcome is unknown, and the retry of its id tells which", async () => {
  const { demo, other, until } = await twoGroups();
  await demo.one(credit("a"));
  await runInGroup("g0", FAILING_SYNC);
  const lost = await demo.post([credit("b")]);
  expect([lost.status, lost.body.code, lost.headers.get("retry-after")]).toEqual([503, "OUTCOME_UNKNOWN", "1"]);
  const meanwhile = await demo.post([credit("c")]);
  expect([meanwhile.status, meanwhile.body.code]).toEqual([503, "GROUP_DOWN"]);
  expect((await other.one(credit("d"))).code).toBe("OK");
  await until("g0", "serving");
  await demo.one(credit("b"));
  const { body } = await demo.get("/v1/accounts/alice");
  expect(body.available).toBe("2.00");
});

test("a group whose disk cannot even close its file fails, comes back, and can be stopped", async () => {
  const { demo, until, stop } = await inProcess();
  await demo.one(credit("a"));
  await runInGroup("g0", FAILING_SYNC + FAILING_CLOSE);
  expect((await demo.post([credit("b")])).body.code).toBe("OUTCOME_UNKNOWN");
  await until("g0", "serving");
  expect((await demo.one(credit("c"))).code).toBe("OK");
  await runInGroup("g0", FAILING_CLOSE);
  await stop();
});

test("while a sync takes longer than the wait the outcome is unknown, and the late answer does no harm", async () => {
  const { demo } = await inProcess();
  await demo.one(credit("a"));
  await runInGroup("g0", slowSync(2500));
  const late = await demo.post([credit("b")], { prefer: "wait=1" });
  expect([late.status, late.body.code]).toEqual([503, "OUTCOME_UNKNOWN"]);
  const repeated = await demo.one(credit("b"));
  expect(repeated).toMatchObject({ duplicate: true, of: 2, available: "2.00" });
  expect(await demo.one(credit("c"))).toMatchObject({ sequence: 4, available: "3.00" });
});

test("a stalled group refuses at once when its ring is full, holds no more memory, and answers what it took", async () => {
  const { demo } = await inProcess();
  await demo.one(credit("first"));
  const release = await stallGroup("g0");
  const commands = (n: number) =>
    Array.from({ length: 9000 }, (_, i) => ({ ...credit(`s${n}-${i}`), memo: "m".repeat(128) }));
  // What is taken waits for the group, so whatever is answered within this time, long on a busy machine, is a refusal.
  const patienceMs = 250;
  const taken: Promise<{ status: number }>[] = [];
  let refused = 0;
  const bodies = Array.from({ length: 16 }, (_, n) => JSON.stringify({ commands: commands(n) }));
  for (const body of bodies) {
    const answer = demo.send("POST", "/v1/commands", body);
    const first = await Promise.race([answer, pause(patienceMs)]);
    if (first === undefined) taken.push(answer);
    else {
      expect([first.status, first.body.code, first.headers.get("retry-after")]).toEqual([503, "OVERLOADED", "1"]);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(4);
  const before = bytesInUse();
  for (let i = 0; i < 40; i++) expect((await demo.send("POST", "/v1/commands", bodies[i % 16])).status).toBe(503);
  // V8 gives the memory of buffers back beside the collection that finds them dead; what is held is never given back.
  await expect.poll(() => bytesInUse() - before, { timeout: 4000 }).toBeLessThan(16 << 20);
  release();
  for (const answer of taken) expect((await answer).status).toBe(202);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe(`${taken.length * 9000 + 1}.00`);
});

test("with a nearly full disk commands are refused with Retry-After, while reads go on", async () => {
  const data = temporaryFolder();
  const before = await inProcess({}, data);
  await before.demo.one(credit("a"));
  await before.stop();
  const { demo, group } = await inProcess({ MIN_FREE_MB: "1000000000" }, data);
  const refused = await demo.post([credit("b")]);
  expect([refused.status, refused.body.code, refused.headers.get("retry-after")]).toEqual([503, "DISK_FULL", "1"]);
  expect((await demo.get("/v1/accounts/alice")).body.available).toBe("1.00");
  expect((await demo.get("/v1/commands/a")).status).toBe(200);
  expect((await group()).sequence).toBe(1);
});

test("a group with as many accounts as it may have refuses commands, serves reads, and goes on with a higher limit", async () => {
  const data = temporaryFolder();
  const full = await inProcess({ ACCOUNTS_MAX: "3", GROUPS: "g0,g1" }, data);
  for (const account of ["alice", "bob"]) await full.demo.one({ ...credit(account), account });
  // With `@world` these are three.
  const refused = await full.demo.post([credit("c")]);
  expect([refused.status, refused.body.code, refused.headers.get("retry-after")]).toEqual([503, "GROUP_FULL", "1"]);
  expect((await full.demo.get("/v1/accounts/bob")).body.available).toBe("1.00");
  const { key } = (await full.admin.send("POST", "/v1/admin/partners", { id: "other", group: "g1" })).body;
  expect(await new Client(full.url, key!).one(credit("a"))).toMatchObject({ code: "OK" });
  await full.stop();
  const { demo } = await inProcess({ ACCOUNTS_MAX: "4", GROUPS: "g0,g1" }, data);
  expect(await demo.one({ ...credit("c"), account: "carol" })).toMatchObject({ code: "OK" });
  expect((await demo.post([credit("d")])).body.code).toBe("GROUP_FULL");
});

test("without room for the next segment commands and definitions wait, reads go on, and all is taken once there is room", async () => {
  const { demo, admin, url, data } = await inProcess();
  await demo.one(credit("a"));
  await runInGroup("g0", NO_ROOM);
  const commands = (n: number) =>
    Array.from({ length: 9000 }, (_, i) => ({ ...credit(`r${n}-${i}`), memo: "m".repeat(128) }));
  let answer = await demo.post(commands(0), { prefer: null });
  for (let n = 1; answer.status === 202 && n < 8; n++) answer = await demo.post(commands(n), { prefer: null });
  expect([answer.status, answer.body.code, answer.headers.get("retry-after")]).toEqual([503, "DISK_FULL", "1"]);
  expect((await demo.get("/v1/commands/a")).status).toBe(200);
  const { body } = await admin.send("POST", "/v1/admin/partners", { id: "late", currency: "CNY" });
  const late = new Client(url, body.key!);
  expect((await late.post([credit("b")])).body.code).toBe("DISK_FULL");
  await runInGroup("g0", ROOM_AGAIN);
  for (let i = 0; i < 50 && (await late.post([credit("b")])).status === 503; i++) await pause(20);
  expect(await late.one(credit("b"))).toMatchObject({ code: "OK", available: "1.00" });
  // The journal alone tells partner names to those who read it: the definition that was refused must stand in it.
  expect((await late.get("/v1/results?after=0")).body.results!.map(({ id }) => id)).toContain("b");
  expect(partnersIn(data)).toContain("late");
});

test("a damaged journal keeps its group down, names it in /ready, and leaves the other group serving", async () => {
  const data = temporaryFolder();
  const before = await twoGroups(data);
  for (let i = 0; i < 5; i++) await before.demo.one(credit(`a${i}`));
  await before.stop();
  const folder = join(data, "groups", "g0");
  for (const file of readdirSync(folder)) if (file.endsWith(".seg")) flip(join(folder, file), 512 + 700);
  const { demo, group, url } = await inProcess({ GROUPS: "g0,g1" }, data);
  expect((await group("g0")).state).toBe("down");
  const ready = await demo.get("/ready");
  expect([ready.status, ready.body.code]).toEqual([503, "GROUP_DOWN"]);
  expect(ready.body.detail).toMatch(/g0 is down .*\.seg at byte/);
  const refused = await demo.post([credit("b")]);
  expect([refused.status, refused.body.code]).toEqual([503, "GROUP_DOWN"]);
  expect((await new Client(url, before.other.key).one(credit("c"))).code).toBe("OK");
});

/** Bytes that are reachable; this process is server and client, so what the client has let go must be collected first. */
function bytesInUse(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Names of the partners that a group's journal defines. */
function partnersIn(data: string): string[] {
  const names: string[] = [];
  const onFrame = (info: { firstSequence: number; timeMs: number }, body: Uint8Array) => {
    for (const record of eachRecord(body, info.firstSequence, info.timeMs)) {
      if (isControl(record) && record.type === "definePartner") names.push(record.id);
    }
  };
  verify(join(data, "groups", "g0"), { onFrame, through: 1e15, snapshots: false });
  return names;
}

/** Flips one bit of a file. */
function flip(path: string, at: number): void {
  const file = openSync(path, "r+");
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, at);
  byte[0]! ^= 1;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}

/** A service that was started and stopped once for each id, which leaves a snapshot each; and its group's folder. */
async function snapshotsAfter(
  ids: readonly string[],
): Promise<{ data: string; folder: string; files: () => string[] }> {
  const data = temporaryFolder();
  for (const id of ids) {
    const { demo, stop } = await inProcess({ RETAIN_SEGMENTS: "1" }, data);
    await demo.one(credit(id));
    await stop();
  }
  const folder = join(data, "groups", "g0");
  const files = () =>
    readdirSync(folder)
      .filter((file) => file.endsWith(".snap"))
      .sort();
  return { data, folder, files };
}

test("a damaged newest snapshot never takes the place of the one that the start used", async () => {
  const { data, folder, files } = await snapshotsAfter(["a", "b"]);
  const [good, damaged] = files() as [string, string];
  truncateSync(join(folder, damaged), statSync(join(folder, damaged)).size - 8);
  const { demo, stop } = await inProcess({ RETAIN_SEGMENTS: "1" }, data);
  expect((await demo.one(credit("c"))).available).toBe("3.00");
  await stop();
  expect(files()).toHaveLength(3);
  expect(files().slice(0, 2)).toEqual([good, damaged]);
});

test("a snapshot that is whole but holds nonsense is passed over like a damaged one", async () => {
  const { data, folder, files } = await snapshotsAfter(["a", "b"]);
  const header = readSnapshot(nodeLayer, join(folder, files()[1]!), () => {});
  const writer = new SnapshotWriter(nodeLayer, folder, header);
  const metaChunk = 1;
  await writer.addChunk(metaChunk, 0, new TextEncoder().encode("{}"));
  await writer.finish();
  const { demo } = await inProcess({}, data);
  expect((await demo.one(credit("c"))).available).toBe("3.00");
});

test.each(["emptied", "another journal's"])(
  "a group whose folder is %s is refused, and neither its journal nor its store begins anew",
  async (what) => {
    const data = temporaryFolder();
    const folder = join(data, "groups", "g0");
    const before = await inProcess({}, data);
    await before.demo.one(credit("a"));
    const entriesOf = async (client: Client) => {
      const { body } = await client.get("/v1/accounts/alice/entries");
      return (body as { entries?: readonly object[] }).entries?.length;
    };
    await expect.poll(() => entriesOf(before.demo), { timeout: 10_000 }).toBe(1);
    await before.stop();
    renameSync(folder, `${folder}-kept`);
    if (what !== "emptied") {
      const elsewhere = temporaryFolder();
      const other = await inProcess({}, elsewhere);
      await other.stop();
      renameSync(join(elsewhere, "groups", "g0"), folder);
    }
    const segments = () => (existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".seg")) : []);
    const found = segments();
    const without = await inProcess({}, data);
    const { reason } = await without.until("g0", "down");
    expect(reason).toMatch(/expected journal [0-9a-f]{32}, which is this group's, found /);
    expect(await entriesOf(without.demo)).toBe(1);
    // What the journal has is not known, so nothing is said of it: no empty page, no account that was never there.
    const past = new Date(Date.now() - 1).toISOString();
    for (const path of ["/v1/results?after=0", "/v1/accounts/alice?at=1", `/v1/accounts/alice?at=${past}`]) {
      const { status, body } = await without.demo.get(path);
      expect([path, status, body.code]).toEqual([path, 503, "GROUP_DOWN"]);
    }
    await without.stop();
    expect(segments()).toEqual(found);
    rmSync(folder, { recursive: true, force: true });
    renameSync(`${folder}-kept`, folder);
    const { demo } = await inProcess({}, data);
    expect(await demo.one(credit("a"))).toMatchObject({ duplicate: true, available: "1.00" });
  },
);

test("a registry that is older than the journal is refused: its next partner would get another's accounts", async () => {
  const data = temporaryFolder();
  const file = join(data, "registry.db");
  const first = await inProcess({}, data);
  await first.stop();
  copyFileSync(file, `${file}.old`);
  const second = await inProcess({}, data);
  const { key } = (await second.admin.send("POST", "/v1/admin/partners", { id: "acme" })).body;
  expect(await new Client(second.url, key!).one(credit("a"))).toMatchObject({ available: "1.00" });
  await second.stop();
  renameSync(file, `${file}.new`);
  copyFileSync(`${file}.old`, file);
  const third = await inProcess({}, data);
  expect((await third.until("g0", "down")).reason).toMatch(
    /has partner acme under index 2, the registry nobody; put back/,
  );
  const other = (await third.admin.send("POST", "/v1/admin/partners", { id: "other" })).body.key!;
  expect((await new Client(third.url, other).get("/v1/accounts/alice")).status).toBe(503);
  await third.stop();
  const fourth = await inProcess({}, data);
  expect((await fourth.until("g0", "down")).reason).toMatch(/acme under index 2, the registry other of group g0/);
  await fourth.stop();
  renameSync(`${file}.new`, file);
  const { demo } = await inProcess({}, data);
  expect(await demo.one(credit("b"))).toMatchObject({ code: "OK" });
});
