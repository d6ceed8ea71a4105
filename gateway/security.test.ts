/** docs/SECURITY.md names tests: each must stand in its file, or the page promises what nothing shows. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url);
const page = readFileSync(new URL("docs/SECURITY.md", ROOT), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (threat|---)/.test(line))
  .map((line) => line.slice(2, -2).split(" | "));

test("every threat has a guard and a test that stands in its file", () => {
  expect(rows.length).toBeGreaterThan(40);
  const missing = rows.filter(([threat, guard, shown = "", ...more]) => {
    expect([threat, guard?.length ?? 0, more]).toEqual([threat, expect.any(Number), []]);
    if (shown.startsWith("by reading: ")) return readFiles(shown).length === 0;
    const [, file = "", title = ""] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(shown) ?? [];
    const path = new URL(file, ROOT);
    return file === "" || !existsSync(path) || !readFileSync(path, "utf8").includes(title);
  });
  expect(missing).toEqual([]);
});

/** Files that a row without a test names, if all are there. */
function readFiles(shown: string): readonly string[] {
  const files = [...shown.matchAll(/`([^`]+\.ts)`/g)].map((match) => match[1]!);
  return files.every((file) => existsSync(new URL(file, ROOT))) ? files : [];
}

test("only what no test can show is left to reading", () => {
  const byReading = rows.filter(([, , shown]) => shown?.startsWith("by reading")).map(([threat]) => threat);
  expect(byReading).toEqual(["Time tells how much of a secret is right"]);
});
