/** Every row in its smallest form: not for figures, but so that all run and so that their checks can fail. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { withFolder } from "../environment.ts";
import { benchmark } from "../http/benchmark.ts";
import { parseId } from "../http/bodies.ts";
import { readHttpSettings } from "../http/settings.ts";
import { hasWrk } from "../http/wrk.ts";
import { whyNothingIsShown } from "./http.ts";
import { jsonOf } from "./output.ts";
import { type Finished, runRows } from "./run.ts";
import { exitCode } from "./session.ts";
import { settingsOf } from "./settings.ts";
import { BENCHMARK_ROWS, type BenchmarkRow, benchmarkRow, goalText } from "./table.ts";

// Each row starts processes of its own, and most of a small one's time is reading TypeScript: what one has read, the next finds.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "ringfence-compile-cache");

const SMALLEST = {
  ...process.env,
  PAIRS: "1",
  ROUNDS: "2",
  KAFKA_ROUNDS: "1",
  DURATION: "1",
  WARMUP: "0",
  REQUESTS: "600",
  ACCOUNTS: "500",
  COMMANDS: "4000",
  HORIZON: "30000",
  IDS: "5000",
  MEMORY: "grow",
};
const PATIENCE_MS = 180_000;
const QUIET = { onStart: () => {}, onStep: () => {}, onEnd: () => {} };
const run = promisify(execFile);

async function runOne(row: BenchmarkRow, environment: Readonly<Record<string, string | undefined>>): Promise<Finished> {
  return (await runRows([row], environment, QUIET))[0]!;
}

/** A server that answers as it is told, and keeps what it was sent. */
async function serverThat(answer: number): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      bodies.push(String(Buffer.concat(parts)));
      response.writeHead(answer, { "content-length": 2 }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

/** Rows by what runs for them: two may be figures of one micro-benchmark. */
const JOBS = [...Map.groupBy(BENCHMARK_ROWS, ({ id, part }) => (part.kind === "micro" ? part.row : id)).values()].map(
  (rows) => [rows.map(({ id }) => id).join(", "), rows] as const,
);

/** Loudly; where nothing may be left out it is a failure. The route of the orders comes with its facade. */
function leaveOut(why: string): void {
  if (process.env.CI === "true") throw new Error(why);
  process.stderr.write(`\nLEFT OUT: ${why}\n\n`);
}

function expectFigures({ why, measurement }: Finished): void {
  expect(why).toBeUndefined();
  const { value, runs, plots } = measurement!;
  expect([value, ...runs].every(Number.isFinite)).toBe(true);
  expect(plots.every(({ lines }) => lines.every(({ points }) => points.flat().every(Number.isFinite)))).toBe(true);
}

describe("the rows", () => {
  test.each(JOBS)(
    "%s: runs, and its checks pass",
    async (_, rows) => {
      for (const finished of await runRows(rows, SMALLEST, QUIET)) {
        if (finished.end === "cannot-run") leaveOut(finished.why!);
        else expectFigures(finished);
      }
    },
    PATIENCE_MS,
  );

  test("a server that refuses gets no figure but a reason, and the exit code says so", async () => {
    const { url } = await serverThat(503);
    const finished = await runOne(benchmarkRow("bucket-20-autocannon")!, { ...SMALLEST, TARGET: url });
    expect(finished).toMatchObject({ end: "failed", isMet: false, measurement: undefined });
    const { rows } = jsonOf([finished], { machine: "m", node: "n", commit: "c" }, false);
    expect(rows[0]).toMatchObject({ id: "bucket-20-autocannon", value: null, met: false, runs: [] });
    expect(rows[0]?.why).toContain("600 of 600 requests were not answered 202");
    expect([exitCode([finished], false), exitCode([{ ...finished, end: "cannot-run" }], false)]).toEqual([1, 0]);
    expect(exitCode([{ ...finished, end: "cannot-run" }], true)).toBe(1);
  });

  test("another server is measured by turns with the service and the null server", async () => {
    const { url, bodies } = await serverThat(202);
    const environment = { ...SMALLEST, TARGET: url, SERVICE: "1" };
    const finished = await runOne(benchmarkRow("bucket-20-autocannon")!, environment);
    expect(bodies).toHaveLength(600);
    expect(finished.measurement?.plots[0]?.lines.map(({ name }) => name)).toEqual(["service", "null server", "target"]);
    expect(finished.measurement?.notes.join("\n")).toMatch(/times the requests a second of the target/);
  });

  test("the entry refuses a row that is not there, and a setting that rows give", async () => {
    const entry = join(import.meta.dirname, "..", "main.ts");
    const refused = (more: object) => run(process.execPath, [entry], { env: { ...process.env, ...more } });
    await expect(refused({ ROW: "bucket-21" })).rejects.toMatchObject({
      code: 1,
      stderr: "benchmark: ROW=bucket-21 is refused: there is no such row; see --help\n",
    });
    await expect(refused({ ROW: "single", BUCKET: "2" })).rejects.toMatchObject({
      stderr: "benchmark: BUCKET=2 is refused: it is a part of the rows; leave it out, or ROW\n",
    });
  });
});

test("a latency below the null server's shows nothing, so its goal is not met by it", () => {
  expect(whyNothingIsShown([2.5, -0.9, -30])).toBeUndefined();
  expect(whyNothingIsShown([3, -18.2, -24])).toBe(
    "no figure to believe: the null server was slower than the service, by 18.2 ms at p99",
  );
});

test("wrk's report has latencies in order, from its least to its greatest", async () => {
  if (!hasWrk()) return leaveOut("wrk is not installed");
  const { url } = await serverThat(202);
  const settings = readHttpSettings({ GENERATOR: "wrk", TARGET: url, CONNECTIONS: "4", DURATION: "1", WARMUP: "0" });
  const { pairs, faults } = await withFolder({}, (folder) => benchmark(settings, folder, () => {}));
  expect(faults).toEqual([]);
  const { accepted, distributionMs, latencyMs, samples } = pairs[0]!.service;
  expect(accepted).toBeGreaterThan(0);
  expect(distributionMs.toSorted((a, b) => a - b)).toEqual(distributionMs);
  expect(distributionMs.at(-1)).toBe(latencyMs.max);
  expect(samples.length).toBeGreaterThan(0);
});

describe("the orders", () => {
  const wrk = hasWrk() ? ["wrk"] : [];
  test.each(["autocannon", "open", ...wrk])("%s sends arrays of orders with new ids", async (generator) => {
    const { url, bodies } = await serverThat(200);
    const load = { BODY: "orders", GENERATOR: generator, TARGET: url, CONNECTIONS: "2", DURATION: "1", RATE: "50" };
    const settings = readHttpSettings({ ...load, REQUESTS: "40", WARMUP: "0", BUCKET: "20" });
    const { faults } = await withFolder({}, (folder) => benchmark(settings, folder, () => {}));
    expect(faults).toEqual([]);
    const ids = new Set<string>();
    expect(bodies.length).toBeGreaterThanOrEqual(40);
    // wrk sends tens of thousands; looking at all would take most of the test's time.
    const some = bodies.slice(0, 200);
    for (const body of some) {
      // By its text: as a number it would not be exact.
      const found = [...body.matchAll(/"OrderID":(\d+),"TypeRequest":"(payment|recharge)"/g)];
      expect(found.map(([, , type]) => type).slice(0, 4)).toEqual(["payment", "payment", "recharge", "recharge"]);
      for (const [, id] of found) {
        expect(BigInt(id!)).toBeLessThan(2n ** 63n);
        expect(parseId(id!)?.run).toBe(0);
        ids.add(id!);
      }
      const orders = JSON.parse(body) as Readonly<Record<string, unknown>>[];
      expect(orders).toHaveLength(20);
      expect(orders[1]).toMatchObject({ AmountRequest: 200_000, PartnerCode: "TEST1", PartnerIdentification: 1234 });
    }
    expect(ids.size).toBe(some.length * 20);
  });
});

test("the document's table has every row with its goal, and no other", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "docs", "PERFORMANCE.md"), "utf8");
  const table = text.slice(text.indexOf("| row | what | goal | reached |"));
  const lines = table.slice(0, table.indexOf("\n\n")).split("\n").slice(2);
  const written = lines.map((line) =>
    line
      .split("|")
      .slice(1, 4)
      .map((cell) => cell.trim()),
  );
  expect(written).toEqual(BENCHMARK_ROWS.map((row) => [`\`${row.id}\``, row.what, goalText(row)]));
});

test("given settings go before those of the small form, and a row's own before all", () => {
  const settings = settingsOf(benchmarkRow("bucket-1000")!, { QUICK: "1", PAIRS: "5", DATA: "", GENERATOR: "open" });
  expect(settings).toMatchObject({ PAIRS: "5", DURATION: "1", GENERATOR: "wrk", BUCKET: "1000" });
  expect(settings).not.toHaveProperty("DATA");
  expect(settingsOf(benchmarkRow("bucket-1000")!, {})).toMatchObject({ PAIRS: "9", DURATION: "2" });
});
