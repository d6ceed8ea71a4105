import { readFileSync } from "node:fs";
import * as Schema from "typebox/schema";
import { describe, expect, it } from "vitest";
import { CODE_NAMES, RESULT_CODES } from "../engine/codes.ts";
import { TYPE_NAMES } from "../engine/record.ts";
import { ERROR_CODES, HTTP_ERRORS } from "./errors.ts";
import { BODY_ERROR_CODES } from "./scanner/problems.ts";
import { testGateway } from "./testing.ts";

type Operation = { operationId: string; responses: Record<string, unknown>; security: object[] };
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties: Record<string, { enum: string[] }> }> };
}

async function served(surface?: "partners" | "operators"): Promise<Document> {
  const { app } = await testGateway(surface);
  return (await app.inject("/openapi.json")).json();
}

const operations = ({ paths }: Document) =>
  Object.entries(paths)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
    .sort();

/** Rows of the tables in a section of docs/ERRORS.md whose first cell is a code, as lists of cells. */
function rows(heading: string, columns: number): string[][] {
  const text = readFileSync(new URL("../docs/ERRORS.md", import.meta.url), "utf8");
  const section = text.split("\n## ").find((part) => part.startsWith(heading))!;
  const cells = section.split("\n").map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
  return cells.filter((row) => row.length === columns && /^`[A-Z0-9_]+`$/.test(row[0] ?? ""));
}

const PARTNER_OPERATIONS = [
  "GET /v1/accounts/{account}",
  "GET /v1/accounts/{account}/entries",
  "GET /v1/commands/{id}",
  "GET /v1/results",
  "POST /v1/accounts/lookup",
  "POST /v1/commands",
];

const ADMIN_OPERATIONS = [
  "DELETE /v1/admin/keys/{keyId}",
  "DELETE /v1/admin/partners/{partner}/keys/{keyId}",
  "DELETE /v1/admin/partners/{partner}/signing/{secretId}",
  "DELETE /v1/admin/services/{service}/versions/{version}",
  "GET /metrics",
  "GET /v1/admin/currencies",
  "GET /v1/admin/groups",
  "GET /v1/admin/keys",
  "GET /v1/admin/partners",
  "GET /v1/admin/services",
  "GET /v1/admin/stores",
  "PATCH /v1/admin/partners/{partner}",
  "POST /v1/admin/currencies",
  "POST /v1/admin/groups/{group}/snapshot",
  "POST /v1/admin/groups/{group}/verify",
  "POST /v1/admin/keys",
  "POST /v1/admin/partners",
  "POST /v1/admin/partners/{partner}/keys",
  "POST /v1/admin/partners/{partner}/signing",
  "POST /v1/admin/services",
];

const EVERYWHERE = ["GET /health", "GET /ready"];

describe("the OpenAPI document", () => {
  it("is version 3.1 and has every operation of the contract, and no other", async () => {
    const document = await served();
    expect(document.openapi).toBe("3.1.0");
    expect(operations(document)).toEqual([...PARTNER_OPERATIONS, ...ADMIN_OPERATIONS, ...EVERYWHERE].sort());
  });

  it("shows partners nothing of the admin's, and operators nothing of the partners'", async () => {
    expect(operations(await served("partners"))).toEqual([...PARTNER_OPERATIONS, ...EVERYWHERE].sort());
    expect(operations(await served("operators"))).toEqual([...ADMIN_OPERATIONS, ...EVERYWHERE].sort());
  });

  it("gives each operation an id of its own, a success, and problems for the rest", async () => {
    const all = Object.values((await served()).paths).flatMap((item) => Object.values(item));
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
    for (const { responses } of all) {
      const statuses = Object.keys(responses);
      expect(statuses.some((status) => status.startsWith("2"))).toBe(true);
      expect(statuses).toEqual(expect.arrayContaining(["4XX", "5XX"]));
    }
  });

  it("resolves every reference in itself", async () => {
    const document = await served();
    const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([A-Za-z]+)"/g);
    const names = new Set([...references].map(([, name]) => name!));
    expect(names.size).toBeGreaterThan(10);
    expect([...names].filter((name) => !(name in document.components.schemas))).toEqual([]);
  });

  it("lists the result codes, the types and the error codes as the code does", async () => {
    const { Result, Problem } = (await served()).components.schemas;
    expect(Result!.properties.code!.enum).toEqual(CODE_NAMES);
    expect(Result!.properties.type!.enum).toEqual(TYPE_NAMES.slice(1));
    expect(Problem!.properties.code!.enum).toEqual(ERROR_CODES);
  });
});

describe("docs/ERRORS.md", () => {
  it("lists the result codes as the code does: same order, same meaning", () => {
    expect(rows("Result codes", 2)).toEqual(RESULT_CODES.map(([code, meaning]) => [`\`${code}\``, meaning]));
  });

  it("lists the HTTP errors as the code does", () => {
    const expected = ERROR_CODES.map((code) => {
      const { status, retry, title, meaning } = HTTP_ERRORS[code];
      return [`\`${code}\``, String(status), retry, title, meaning];
    });
    expect(rows("HTTP errors", 5)).toEqual(expected);
  });

  it("lists the faults of a body as the code does", () => {
    const expected = Object.entries(BODY_ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]);
    expect(rows("Codes in `errors`", 2)).toEqual(expected);
  });
});

describe("the schema of a bucket", () => {
  async function check(body: unknown): Promise<boolean> {
    const { components } = await served();
    return Schema.Check({ $ref: "#/components/schemas/Bucket", components } as object, body);
  }

  it("takes the examples of the contract", async () => {
    const commands = [
      { id: "ord-1", type: "credit", account: "alice", amount: "100.00" },
      { id: "ord-2", type: "debit", account: "alice", amount: "10.25", currency: "CNY" },
      { id: "ord-3", type: "transfer", account: "alice", to: "bob", amount: "5" },
      { id: "ord-4", type: "hold", account: "alice", amount: 20.5, expiresIn: 900 },
      { id: "ord-5", type: "capture", hold: "ord-4", amount: "12.50", to: "shop" },
      { id: "ord-6", type: "release", hold: "ord-4", memo: "x", issued: "2026-11-20T08:00:00Z" },
      { id: "ord-7", type: "reverse", command: "ord-2" },
      { id: "ord-8", type: "open", account: "alice", minBalance: "-50.00", maxBalance: "0" },
      { id: "ord-9", type: "limits", account: "alice", minBalance: null },
      ...["freeze", "unfreeze", "close"].map((type) => ({ id: type, type, account: "alice" })),
    ];
    expect(await check({ commands, atomic: false })).toBe(true);
  });

  it.each([
    ["no commands", { commands: [] }],
    ["an unknown type", { commands: [{ id: "a", type: "expire", account: "a" }] }],
    ["a field of another type", { commands: [{ id: "a", type: "release", hold: "h", amount: "1" }] }],
    ["an unknown field", { commands: [{ id: "a", type: "close", account: "a", force: true }] }],
    ["a missing amount", { commands: [{ id: "a", type: "credit", account: "a" }] }],
    ["a signed amount", { commands: [{ id: "a", type: "credit", account: "a", amount: "+1" }] }],
    ["an amount with a leading zero", { commands: [{ id: "a", type: "credit", account: "a", amount: "01" }] }],
    ["@world", { commands: [{ id: "a", type: "credit", account: "@world", amount: "1" }] }],
    ["a floor above zero", { commands: [{ id: "a", type: "open", account: "a", minBalance: "1" }] }],
    ["a null floor on open", { commands: [{ id: "a", type: "open", account: "a", minBalance: null }] }],
    ["an id of 65 bytes", { commands: [{ id: "a".repeat(65), type: "close", account: "a" }] }],
  ])("refuses %s", async (_, body) => {
    expect(await check(body)).toBe(false);
  });
});

describe("replies", () => {
  /** Whether the reply to GET `url` is what the document says of `path`. */
  async function conforms(url: string, path: string, kind: "demo" | "admin"): Promise<boolean> {
    const gateway = await testGateway();
    gateway.group.put(1, { account: "alice", currency: 156 });
    const { paths, components } = (await gateway.app.inject("/openapi.json")).json();
    const headers = kind === "demo" ? gateway.demo.headers : gateway.admin;
    const response = await gateway.app.inject({ url, headers });
    expect(response.statusCode).toBe(200);
    const { schema } = paths[path].get.responses[200].content["application/json"];
    return Schema.Check({ ...schema, components }, response.json());
  }

  it.each([
    ["/v1/accounts/alice", "/v1/accounts/{account}"],
    ["/v1/results", "/v1/results"],
  ])("of %s are as documented", async (url, path) => {
    expect(await conforms(url, path, "demo")).toBe(true);
  });

  it.each(["/v1/admin/partners", "/v1/admin/groups", "/v1/admin/keys", "/v1/admin/stores", "/health", "/ready"])(
    "of %s are as documented",
    async (url) => {
      expect(await conforms(url, url, "admin")).toBe(true);
    },
  );

  it("that are problems are as documented", async () => {
    const { app } = await testGateway();
    const { components } = (await app.inject("/openapi.json")).json();
    const problem = (await app.inject("/nowhere")).json();
    expect(Schema.Check({ $ref: "#/components/schemas/Problem", components } as object, problem)).toBe(true);
    expect(Schema.Check({ $ref: "#/components/schemas/Problem", components } as object, {})).toBe(false);
  });
});
