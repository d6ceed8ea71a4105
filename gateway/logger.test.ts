import { expect, it } from "vitest";
import { createLogger } from "./logger.ts";

it.each([
  { headers: { authorization: "Bearer rk_live_x" } },
  { req: { headers: { authorization: "rk_live_x" } } },
  { authorization: "rk_live_x" },
  { key: "rk_live_x" },
  { made: { secret: "rk_live_x", key: "rk_live_x" } },
  { keys: [{ key: "rk_live_x" }] },
])("a secret that is logged by mistake is censored: %j", (entry) => {
  const lines: string[] = [];
  createLogger("info", { write: (line) => void lines.push(line) }).info(entry, "oops");
  expect(lines.join()).toContain("[secret]");
  expect(lines.join()).not.toContain("rk_live_x");
});

it("nothing is logged below the level", () => {
  const lines: string[] = [];
  createLogger("warn", { write: (line) => void lines.push(line) }).info("quiet");
  expect(lines).toEqual([]);
});
