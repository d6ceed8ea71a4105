/** The benchmarks in their smallest form: not for figures, but so that they run and so that their checks can fail. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasBroker } from "../results/testing/index.ts";
import { SqliteStore } from "../stores/index.ts";
import { hasPrograms } from "../stores/testing/index.ts";
import { withFolder } from "./environment.ts";
import { Acknowledged } from "./http/acknowledged.ts";
import { benchmark, middlePair } from "./http/benchmark.ts";
import { parseId, RequestBytes } from "./http/bodies.ts";
import { checkJournal } from "./http/journal-check.ts";
import { prepareOrders } from "./http/orders.ts";
import { startNull, startService } from "./http/processes.ts";
import { reportOf } from "./http/report.ts";
import { readHttpSettings } from "./http/settings.ts";
import { SHAPES } from "./http/shapes.ts";
import { Feed } from "./micro/feed.ts";
import { writeJournal } from "./micro/journal-file.ts";
import { measureOverload } from "./overload/overload.ts";
import { makeBacklog } from "./results/backlog.ts";
import { jsonRows, reportLines } from "./results/report.ts";
import { runRows } from "./results/rows.ts";
import { readResultsSettings } from "./results/settings.ts";
import { journalRound } from "./results/stores.ts";
import { median, standardDeviation } from "./statistics.ts";

const SMALL = { ACCOUNTS: "500", COMMANDS: "4000", HORIZON: "30000", ROUNDS: "2", BUCKET: "20" };
const run = promisify(execFile);

/** Status and headers of an answer, without what is another each time, and the size of its body with its request's id. */
async function answerOf({ url, key }: { url: string; key: string }, body: unknown) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const bytes = (await response.text()).length + response.headers.get("x-request-id")!.length;
  const changing = ["content-length", "x-request-id", "date"];
  return {
    head: [
      response.status,
      [...response.headers].map(([name, value]) => (changing.includes(name) ? name : `${name}: ${value}`)),
    ],
    bytes,
  };
}

const script = (name: string) => join(import.meta.dirname, name);

describe("the HTTP benchmark", () => {
  test("drives both servers with autocannon and finds every acknowledged command in the journal", async () => {
    const settings = readHttpSettings({ REQUESTS: "300", CONNECTIONS: "8", BUCKET: "7", PAIRS: "2", MEMORY: "grow" });
    const outcome = await withFolder({}, (folder) => benchmark(settings, folder, () => {}));
    expect(outcome.faults).toEqual([]);
    expect(outcome.ratios).toHaveLength(2);
    for (const { service, null: other } of outcome.pairs) {
      expect([service.accepted, other?.accepted]).toEqual([300, 300]);
    }
    // Two runs of 300 requests and a warm-up of 30, of 7 commands each.
    expect(outcome.checked.join("\n")).toMatch(/sequence 4410\b[\s\S]*each of 630 acknowledged requests/);
    const text = reportOf(settings, outcome).join("\n");
    for (const part of ["Reqs/sec", "95%", "2xx - 300", "Throughput", "Commands/s", "Ratio"])
      expect(text).toContain(part);
  });

  test("the null server answers with the service's headers, and a body of its size", async () => {
    await withFolder({}, async (folder) => {
      const [service, nullServer] = await Promise.all([startService(folder), startNull()]);
      try {
        const orders = await prepareOrders(service);
        const command = (id: string) => ({ id, type: "credit", account: "a", amount: "1" });
        const bucket = { commands: Array.from({ length: 20 }, (_, i) => command(`c${i}`)) };
        const order = {
          AmountRequest: 1,
          PartnerCode: "TEST",
          PartnerIdentification: 1,
          OrderID: 1,
          TypeRequest: "payment",
        };
        for (const [own, path, body] of [
          [service, SHAPES.commands.path, bucket],
          [orders, SHAPES.orders.path, [order]],
        ] as const) {
          const other = { ...nullServer, url: new URL(path, nullServer.url).href };
          const [answer, constant] = [await answerOf(own, body), await answerOf(other, body)];
          expect(constant.head).toEqual(answer.head);
          // A sequence has some digits more or less, and so has the count in a request's id.
          expect(Math.abs(constant.bytes - answer.bytes)).toBeLessThan(16);
          expect(other.key).toHaveLength(own.key.length);
        }
      } finally {
        await Promise.all([service.stop(), nullServer.stop()]);
      }
    });
  });

  test("another server is driven as it is, and its refusals are faults, not figures", async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(++requests % 10 === 0 ? 503 : 202).end());
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const settings = readHttpSettings({ REQUESTS: "100", CONNECTIONS: "4", TARGET: `http://127.0.0.1:${port}` });
    const outcome = await withFolder({}, (folder) => benchmark(settings, folder, () => {}));
    expect(outcome.ratios).toEqual([]);
    expect(middlePair(outcome).service.classes).toEqual([0, 90, 0, 0, 10]);
    expect(outcome.faults.join("\n")).toContain("10 of 100 requests were not answered 202");
    expect(reportOf(settings, outcome).join("\n")).not.toContain("Reqs/sec");
    const env = { ...process.env, REQUESTS: "100", CONNECTIONS: "4", TARGET: `http://127.0.0.1:${port}` };
    await expect(run(process.execPath, [script("main.ts")], { env })).rejects.toMatchObject({ code: 1 });
  });

  test("the entry prints help, and refuses a setting in one line", async () => {
    expect((await run(process.execPath, [script("main.ts"), "--help"])).stdout).toContain("PAIRS");
    const env = { ...process.env, BUCKET: "0" };
    await expect(run(process.execPath, [script("main.ts")], { env })).rejects.toMatchObject({
      code: 1,
      stderr: "benchmark: BUCKET=0 is refused: it must be a whole number from 1 to 10000\n",
    });
  });
});

test("the overload offers more than is answered at once, and finds every acknowledged command in the journal", async () => {
  const settings = { seconds: 0.5, factor: 3, bucket: 5, accounts: 100, closed: 4, open: 16, window: 8 };
  const outcome = await withFolder({}, (folder) => measureOverload(settings, folder));
  expect(outcome.faults).toEqual([]);
  const { sent, statuses, unanswered } = outcome.overload;
  const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  expect([answered + unanswered, unanswered]).toEqual([sent, 0]);
  expect(outcome.overload.acknowledged.last.reduce((sum, last) => sum + last, 0)).toBe(sent);
  expect(outcome.looks.every(({ residentBytes }) => residentBytes > 0)).toBe(true);
});

describe("the checks", () => {
  /** A journal of one bucket of 20 a request, ids of the HTTP benchmark being absent from it. */
  function checkAgainst(acknowledged: Acknowledged): Promise<readonly string[]> {
    return withFolder({}, async (folder) => {
      const feed = new Feed({ bucket: 20, horizon: 10_000 });
      writeJournal(folder, feed, { commands: 1000, account: () => 0 });
      return checkJournal(folder, [acknowledged], 20).faults;
    });
  }

  test("a whole journal has no fault", async () => {
    expect(await checkAgainst(new Acknowledged(1, 2))).toEqual([]);
  });

  test("an acknowledged request that is not in the journal is a fault", async () => {
    const acknowledged = new Acknowledged(1, 2);
    acknowledged.answered(1, 1, true);
    acknowledged.answered(1, 3, false);
    expect(await checkAgainst(acknowledged)).toEqual(["1 acknowledged requests are not whole in the journal"]);
  });

  test("a request without an answer and a refused one are not acknowledged", () => {
    const acknowledged = new Acknowledged(0, 1);
    acknowledged.answered(0, 1, true);
    acknowledged.answered(0, 3, false);
    acknowledged.answered(0, 4, true);
    expect([1, 2, 3, 4, 5].map((request) => acknowledged.has(0, request))).toEqual([true, false, false, true, false]);
  });
});

describe("the bodies", () => {
  test("every id is new, and says which request it belongs to", () => {
    const make = (connection: number) =>
      new RequestBytes({
        run: 3,
        connection,
        bucket: 4,
        accounts: 50,
        url: "http://h:1/v1/commands",
        key: "k",
        shape: "commands",
      });
    const seen = new Set<string>();
    for (const request of [make(0), make(12)]) {
      for (let number = 1; number <= 1_101; number++) {
        const [head, body] = request.next().toString().split("\r\n\r\n") as [string, string];
        expect(head).toContain(`Content-Length: ${body.length}`);
        const { commands } = JSON.parse(body) as { commands: { id: string; account: string }[] };
        for (const { id, account } of commands) {
          seen.add(id);
          expect(Number(account.slice(4))).toBeLessThan(50);
          expect(parseId(id)?.request).toBe(number);
        }
      }
    }
    expect(seen.size).toBe(2 * 1_101 * 4);
  });

  test("go on from any number, as after a timeout", () => {
    const request = new RequestBytes({
      run: 0,
      connection: 1,
      bucket: 2,
      accounts: 1,
      url: "http://h:1/",
      key: "",
      shape: "commands",
    });
    const numbers = [41_998, 41_998, 7].flatMap((number) => {
      request.request = number;
      return [
        ...request
          .next()
          .toString()
          .matchAll(/"id":"([^"]+)"/g),
      ].map(([, id]) => parseId(id!)?.request);
    });
    expect(numbers).toEqual([41_999, 41_999, 41_999, 41_999, 8, 8]);
  });
});

describe("the micro-benchmarks", () => {
  test("the entry prints a table, and refuses a row that it does not know", async () => {
    const env = { ...process.env, ...SMALL };
    const { stdout } = await run(process.execPath, [script("micro.ts"), "apply", "journal-bytes"], { env });
    expect(stdout).toMatch(/median\s+min\s+max[\s\S]*M commands\/s[\s\S]*bytes a command/);
    await expect(run(process.execPath, [script("micro.ts"), "aply"], { env })).rejects.toMatchObject({ code: 1 });
  });
});

test("the One-Pass benchmark draws, trades and checks every sum", async () => {
  const env = { ...process.env, ROUNDS: "1", DELAY_MS: "0", SHARE: "1000" };
  const { stdout } = await run(process.execPath, [script("one-pass.ts")], { env });
  for (const row of ["100,000,000.53", "1,000,000,000.00", "100 small funds", "99 transfers"]) {
    expect(stdout).toMatch(new RegExp(`${row}.* ms  goal \\d+ .*calls`));
  }
});

describe("the results benchmark", () => {
  const isComplete =
    hasBroker() &&
    hasPrograms(["redis-server", "redis-cli"], "redis-server") &&
    hasPrograms(["mariadbd", "mariadb-install-db", "mariadb"], "mariadb-server");
  const SMALL_RESULTS = { RESULTS: "20000", ACCOUNTS: "500", FRAME: "700", ROUNDS: "2", RATE: "2000", DURATION: "2" };

  test.skipIf(!isComplete)("passes its own checks against the real servers", { timeout: 240_000 }, async () => {
    const settings = readResultsSettings([], SMALL_RESULTS);
    const outcome = await withFolder({}, (folder) => runRows(settings, folder, () => {}));
    const rows = jsonRows(outcome);
    expect(rows.map(({ id, runs }) => [id, runs.length])).toEqual([
      ["publish", 2],
      ["sqlite", 2],
      ["redis", 2],
      ["sql", 2],
    ]);
    expect(rows.every(({ value, goal, met }) => value > 0 && met === value >= goal)).toBe(true);
    expect(outcome.mixed!.seconds.map(({ second }) => second)).toEqual([1, 2]);
    const text = reportLines(settings, outcome).join("\n");
    expect(text).toMatch(/processor µs a result[\s\S]*node \d+\.\d\d, server \d/);
    expect(text).toMatch(/second {2}commands\/s +kafka +sqlite +redis +sql\n/);
  });

  test("a store that has one balance too many is not measured", async () => {
    await withFolder({}, async (folder) => {
      const settings = readResultsSettings(["sqlite"], SMALL_RESULTS);
      const backlog = makeBacklog(folder, settings);
      const short = { ...backlog, balances: () => [...backlog.balances()].slice(1) };
      const store = new SqliteStore({ path: ":memory:" });
      await store.prepare();
      onTestFinished(() => store.close());
      await expect(journalRound(short, store)).rejects.toThrow("1 accounts differ");
    });
  });

  test("a row that fails is told with its name and its reason, and no figure", async () => {
    const settings = readResultsSettings(["publish"], { ...SMALL_RESULTS, BROKER: "127.0.0.1:1" });
    const running = withFolder({}, (folder) => runRows(settings, folder, () => {}));
    await expect(running).rejects.toThrow(/^row publish: \S/);
  });

  test("the entry prints help, and refuses a row that it does not know in one line", async () => {
    expect((await run(process.execPath, [script("results.ts"), "--help"])).stdout).toContain("ROUNDS");
    await expect(run(process.execPath, [script("results.ts"), "publihs"])).rejects.toMatchObject({
      code: 1,
      stderr: "benchmark-results: there is no row publihs; rows are publish, sqlite, redis, sql, mixed\n",
    });
  });
});

test("median and deviation of known values", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), standardDeviation([1, 3])]).toEqual([2, 2.5, 1]);
});
