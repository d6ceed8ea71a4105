import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { Currencies } from "../currencies.ts";
import { ApiError } from "../errors.ts";
import { RegistryContext } from "./context.ts";

function contextWithTable() {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE entries (text TEXT NOT NULL) STRICT");
  return new RegistryContext(database, new Currencies(), () => 1);
}

const INSERT = "INSERT INTO entries VALUES (?)";
const count = (context: RegistryContext) => context.rows("SELECT * FROM entries").length;

describe("a change", () => {
  it("is in the file before memory follows, and raises the version", () => {
    const context = contextWithTable();
    const seen = context.change(() => {
      context.run(INSERT, "a");
      return () => [context.database.isTransaction, count(context)];
    });
    expect([seen, context.version]).toEqual([[false, 1], 2]);
  });

  it("that fails half-way leaves nothing: not in the file, not in memory, not in the version", () => {
    const context = contextWithTable();
    let applied = false;
    const change = () =>
      context.change(() => {
        context.run(INSERT, "a");
        if (context.version === 1) throw new Error("half-way");
        return () => {
          applied = true;
        };
      });
    expect(change).toThrow("half-way");
    expect([count(context), applied, context.version]).toEqual([0, false, 1]);
  });

  it("for which there is no space is DISK_FULL, and leaves nothing", () => {
    const context = contextWithTable();
    context.database.exec("PRAGMA max_page_count = 2");
    const fill = () =>
      context.change(() => {
        for (let row = 0; row < 100; row++) context.run(INSERT, "x".repeat(1000));
        return () => {};
      });
    expect(fill).toThrow(ApiError);
    expect(fill).toThrow(expect.objectContaining({ code: "DISK_FULL" }));
    expect([count(context), context.version]).toEqual([0, 1]);
  });
});
