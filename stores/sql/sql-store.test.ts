import { setTimeout as sleep } from "node:timers/promises";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { NOTHING } from "../store.ts";
import { conformance } from "../testing/conformance.ts";
import { batchOf, storeBalances } from "../testing/history.ts";
import { applied, credits } from "../testing/results.ts";
import { sentAhead } from "../testing/sent-ahead.ts";
import { hasPrograms, startMariaDb, type TestDatabase } from "../testing/servers.ts";
import { SqlStore } from "./sql-store.ts";

const isThere = hasPrograms(["mariadbd", "mariadb-install-db", "mariadb"], "mariadb-server");

describe.skipIf(!isThere)("the SQL store, on a real MariaDB", () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await startMariaDb();
  });
  afterAll(() => server?.stop());

  async function connection() {
    const made = await createConnection({ uri: server.url, multipleStatements: true });
    onTestFinished(() => made.end());
    return made;
  }

  async function open(mayLoad = true): Promise<SqlStore> {
    const store = new SqlStore({ url: server.url, mayLoad });
    await store.prepare();
    onTestFinished(() => store.close());
    return store;
  }

  async function fresh(mayLoad = true): Promise<SqlStore> {
    await (await connection()).query("DROP DATABASE ringfence; CREATE DATABASE ringfence");
    return open(mayLoad);
  }

  describe("that takes rows from its clients", () => {
    conformance({ fresh: () => fresh(), again: () => open() });
  });

  describe("that does not", () => {
    conformance({ fresh: () => fresh(false), again: () => open(false) });
  });

  describe("with batches sent ahead", () => {
    sentAhead({
      fresh: () => fresh(),
      again: () => open(),
      obstruct: async () => {
        const sql = await connection();
        await sql.query(`INSERT INTO ringfence_entries
          SELECT account_no, 4, id, type, amount, balance, counterparty, memo, at FROM ringfence_entries WHERE sequence = 1`);
        return () => sql.query("DELETE FROM ringfence_entries WHERE sequence = 4");
      },
    });
  });

  test("a server that refuses LOAD DATA is asked first, and gets statements", async () => {
    await server.root("SET GLOBAL local_infile = 0");
    onTestFinished(() => server.root("SET GLOBAL local_infile = 1"));
    const store = await fresh();
    expect((await store.apply(batchOf(credits(1, 5)))).sequence).toBe(5);
  });

  test.each([true, false])(
    "a value that does not fit its column takes the whole batch back (LOAD DATA: %s)",
    async (mayLoad) => {
      const store = await fresh(mayLoad);
      await store.apply(batchOf(credits(1, 2)));
      const memo = "x".repeat(129);
      const change = { account: "bob", delta: "1.00", available: "1.00", version: 1 };
      await expect(store.apply(batchOf([...credits(3, 1), applied(4, [change], { memo })]))).rejects.toThrow();
      expect((await store.watermark("g0")).sequence).toBe(2);
      expect([...(await storeBalances(store))]).toEqual([["p1/CNY/alice", "2.00 0.00 active v2"]]);
    },
  );

  test.each([true, false])("an entry that is there already is not passed over (LOAD DATA: %s)", async (mayLoad) => {
    const store = await fresh(mayLoad);
    await store.apply(batchOf(credits(1, 3)));
    // As if somebody had set the watermark back: the entries are there, and must not be taken for new ones.
    await (await connection()).query("UPDATE ringfence_watermarks SET sequence = 1");
    await expect(store.apply(batchOf(credits(1, 4)))).rejects.toThrow();
    expect((await store.watermark("g0")).sequence).toBe(1);
  });

  test("numbers that another process gave since are asked for again", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 2)));
    const sql = await connection();
    await sql.query("DROP DATABASE ringfence; CREATE DATABASE ringfence");
    const other = await open();
    // Alice had number 1 before, now it is Zoe's.
    await other.apply(
      batchOf([...credits(1, 1, "zoe"), { ...credits(1, 1)[0]!, sequence: 2 }, { ...credits(2, 1)[0]!, sequence: 3 }]),
    );
    await store.apply(batchOf([{ ...credits(3, 1)[0]!, sequence: 4 }]));
    expect((await storeBalances(store)).get("p1/CNY/zoe")).toBe("1.00 0.00 active v1");
    expect((await storeBalances(store)).get("p1/CNY/alice")).toBe("3.00 0.00 active v3");
  });

  test("rows staged with numbers of a database that is gone are made anew", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 3)));
    await (await connection()).query("DROP DATABASE ringfence; CREATE DATABASE ringfence");
    const alice = credits(3, 2).map((one) => ({ ...one, sequence: one.sequence + 1 }));
    const staged = batchOf(alice);
    expect(store.stage(staged)).toBe(true);
    await expect(store.apply(staged)).rejects.toThrow("doesn't exist");
    // Alice had number 1 before, now it is Zoe's. The batch waits until another process has come to where it goes on.
    const other = await open();
    await other.apply(batchOf([...credits(1, 1, "zoe"), { ...credits(1, 1)[0]!, sequence: 2 }]));
    await expect(store.apply(staged)).rejects.toMatchObject({ code: "GAP" });
    await other.apply(batchOf([{ ...credits(2, 1)[0]!, sequence: 3 }]));
    expect((await store.apply(staged)).sequence).toBe(5);
    expect([...(await storeBalances(store))].toSorted()).toEqual([
      ["p1/CNY/alice", "4.00 0.00 active v4"],
      ["p1/CNY/zoe", "1.00 0.00 active v1"],
    ]);
  });

  test("rows staged with numbers of a transaction that was taken back are made anew", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 2)));
    const of = (sequence: number, account: string) => ({ ...credits(1, 1, account)[0]!, sequence });
    const [two, three] = [
      batchOf([of(3, "bob"), ...credits(3, 1).map((one) => ({ ...one, sequence: 4 }))]),
      batchOf([{ ...credits(2, 1, "bob")[0]!, sequence: 5 }]),
    ];
    // Bob has got his number when the batch waits for Alice's row.
    const other = await connection();
    await other.query("START TRANSACTION");
    await other.query("SELECT * FROM ringfence_balances FOR UPDATE");
    const failing = store.apply(two);
    failing.catch(() => {});
    const loading = await vi.waitUntil(
      async () => {
        const text = "SELECT id FROM information_schema.processlist WHERE info LIKE 'LOAD DATA%'";
        return ((await other.query<RowDataPacket[]>(text))[0][0] as { id: number } | undefined)?.id;
      },
      { timeout: 4000 },
    );
    expect(store.stage(three)).toBe(true);
    await server.root(`KILL ${loading}`);
    await expect(failing).rejects.toThrow();
    await other.query("ROLLBACK");
    // Somebody else takes the number that Bob had.
    await other.query("ALTER TABLE ringfence_accounts AUTO_INCREMENT = 2");
    await other.query("INSERT INTO ringfence_accounts VALUES (2, 'zoe', 'p1', 'CNY', 'g0', NOW())");
    await store.apply(two);
    await store.apply(three);
    expect([...(await storeBalances(store))].toSorted()).toEqual([
      ["p1/CNY/alice", "3.00 0.00 active v3"],
      ["p1/CNY/bob", "2.00 0.00 active v2"],
    ]);
  });

  test("tables of an earlier version are refused", async () => {
    await (await connection()).query(
      "DROP DATABASE ringfence; CREATE DATABASE ringfence; CREATE TABLE ringfence.ringfence_balances (partner VARCHAR(64))",
    );
    const store = new SqlStore({ url: server.url });
    onTestFinished(() => store.close());
    await expect(store.prepare()).rejects.toThrow("as an earlier version made them");
  });

  test("user_balances shows uid, amount and both times, as One-Pass reads them", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 2, "100001")));
    const sql = await connection();
    await sql.query("SET time_zone = '+00:00'");
    const text =
      "SELECT uid, amount, CAST(created_at AS CHAR) AS created_at, CAST(updated_at AS CHAR) AS updated_at FROM user_balances";
    const [rows] = await sql.query<RowDataPacket[]>(text);
    expect(rows).toEqual([
      {
        uid: "100001",
        amount: "2.000000000000000000",
        created_at: "2025-10-09 08:53:20.001",
        updated_at: "2025-10-09 08:53:20.002",
      },
    ]);
  });

  test("a table where the view should be is refused", async () => {
    await (await connection()).query(
      "DROP DATABASE ringfence; CREATE DATABASE ringfence; CREATE TABLE ringfence.user_balances (uid INT)",
    );
    const store = new SqlStore({ url: server.url });
    onTestFinished(() => store.close());
    await expect(store.prepare()).rejects.toMatchObject({ name: "StoreError" });
  });

  test("quotes, backslashes and line ends in a memo are text", async () => {
    const store = await fresh();
    const memo = `'); DROP TABLE ringfence_entries; -- \\' " \n %`;
    const change = { account: "alice", delta: "1.00", available: "1.00", version: 1 };
    await store.apply(batchOf([applied(1, [change], { memo })]));
    const page = await store.entries({
      ...{ group: "g0", partner: "p1", currency: "CNY", account: "alice" },
      limit: 1,
    });
    expect(page!.entries[0]!.memo).toBe(memo);
  });

  test("two processes with the same results make them count once", async () => {
    const one = await fresh();
    const other = await open();
    const watermarks = await Promise.all([one.apply(batchOf(credits(1, 50))), other.apply(batchOf(credits(1, 60)))]);
    expect(Math.max(...watermarks.map(({ sequence }) => sequence))).toBe(60);
    const key = { group: "g0", partner: "p1", currency: "CNY", account: "alice" };
    const page = await one.entries({ ...key, limit: 1000 });
    expect(page!.entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 60 }, (_, i) => 60 - i));
  });

  test("a deadlock takes the whole batch back, and the next try applies it", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 3)));
    const sql = await connection();
    // Holds alice's row, then wants the watermark that the store holds. InnoDB ends the one that has changed less.
    await sql.query("CREATE TABLE ballast (n INT); SET innodb_lock_wait_timeout = 20; START TRANSACTION");
    await sql.query(`INSERT INTO ballast VALUES ${Array(500).fill("(1)").join()}`);
    await sql.query("UPDATE ringfence_balances SET status = status");
    const applying = store.apply(batchOf(credits(4, 3))).then(
      () => "applied",
      (error: { errno: number }) => error.errno,
    );
    await waitForLock(sql);
    await sql.query("UPDATE ringfence_watermarks SET epoch = epoch");
    await sql.query("ROLLBACK");
    expect(await applying).toBe(1213);
    expect((await store.watermark("g0")).sequence).toBe(3);
    expect((await store.apply(batchOf(credits(4, 3)))).sequence).toBe(6);
    const key = { group: "g0", partner: "p1", currency: "CNY", account: "alice" };
    expect((await store.entries({ ...key, limit: 100 }))!.entries).toHaveLength(6);
  });

  async function waitForLock(sql: Awaited<ReturnType<typeof connection>>): Promise<void> {
    for (;;) {
      const [rows] = await sql.query<RowDataPacket[]>("SELECT COUNT(*) AS n FROM information_schema.innodb_lock_waits");
      if (rows[0]!.n > 0) return;
      // The table is made anew only when nobody has looked for a tenth of a second.
      await sleep(150);
    }
  }

  test("a database that falls silent is given up after its time, and holds up no closing", async () => {
    await fresh();
    const patient = new SqlStore({ url: server.url });
    const impatient = new SqlStore({ url: server.url, silentMs: 500 });
    onTestFinished(() => impatient.close());
    for (const store of [patient, impatient]) expect(await store.watermark("g0")).toEqual(NOTHING);
    // As a machine that is gone without a word.
    process.kill(server.pid, "SIGSTOP");
    onTestFinished(() => void process.kill(server.pid, "SIGCONT"));
    await expect(impatient.watermark("g0")).rejects.toThrow(/silent for 0.5 s|closed/);
    const waiting = expect(patient.watermark("g0")).rejects.toThrow();
    const writing = expect(patient.apply(batchOf(credits(1, 3)))).rejects.toThrow();
    await patient.close();
    await Promise.all([waiting, writing]);
    process.kill(server.pid, "SIGCONT");
    expect((await impatient.apply(batchOf(credits(1, 3)))).sequence).toBe(3);
  });

  test("a database that became read-only refuses, and takes the same batch once it is writable", async () => {
    const store = await fresh();
    await store.apply(batchOf(credits(1, 3)));
    await server.root(
      "SET GLOBAL read_only = 1; REVOKE ALL ON *.* FROM ringfence@'127.0.0.1'; GRANT ALL ON ringfence.* TO ringfence@'127.0.0.1'",
    );
    const blocked = new SqlStore({ url: server.url });
    onTestFinished(() => blocked.close());
    const failure = await blocked.apply(batchOf(credits(4, 3))).catch((error: { errno: number }) => error.errno);
    await server.root("SET GLOBAL read_only = 0; GRANT ALL ON *.* TO ringfence@'127.0.0.1'");
    expect(failure).toBe(1290);
    expect((await blocked.apply(batchOf(credits(4, 3)))).sequence).toBe(6);
  });
});
