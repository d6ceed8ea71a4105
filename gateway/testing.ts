/** Helpers of the gateway's tests: temporary folders, and a gateway over in-memory groups. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { buildApp, type Surface } from "./app.ts";
import type { App, GatewayDeps } from "./app-type.ts";
import { Authenticator } from "./auth.ts";
import { FakeDirectory, FakeGroup, FakeHistory, FakeResultLogs, FakeStores } from "./fakes/group.ts";
import { createLogger } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { type Partner, Registry } from "./registry/index.ts";

/** Path of a new empty folder, removed after the running test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A partner of a test with the header that its key makes. */
export interface TestPartner {
  readonly partner: Partner;
  readonly headers: { readonly authorization: string };
}

export interface TestGateway {
  readonly app: App;
  readonly deps: GatewayDeps;
  readonly registry: Registry;
  readonly group: FakeGroup;
  readonly log: FakeResultLogs["log"];
  readonly history: FakeHistory;
  readonly stores: FakeStores;
  /** Lines that were logged. */
  readonly lines: string[];
  readonly demo: TestPartner;
  readonly admin: { readonly authorization: string };
  /** Makes a further partner. */
  other(id: string): TestPartner;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Stands in for the hot route: authenticates as it must, and does no more. */
function registerCommandRoute(app: App, deps: GatewayDeps): void {
  app.post("/v1/commands", async (request, reply) => {
    deps.authenticator.writingPartner(request.raw.socket, request.headers.authorization);
    reply.code(202);
    return { status: "pending" };
  });
}

/** A gateway on a new data folder, closed after the running test. Group `g0` serves partner `demo`. */
export async function testGateway(surface: Surface = "both"): Promise<TestGateway> {
  const data = temporaryFolder();
  const opened = Registry.open({ data, groups: ["g0"], adminKeyDigests: [], url: "http://127.0.0.1:8080" });
  const { registry, credentials } = opened;
  const lines: string[] = [];
  const group = new FakeGroup("g0", 0);
  const groups = new FakeDirectory([group]);
  const resultLogs = new FakeResultLogs();
  const history = new FakeHistory();
  const stores = new FakeStores();
  const deps: GatewayDeps = {
    settings: { groups: ["g0"], services: { auth: true, rotationMs: undefined, overlapMs: 0 } },
    registry,
    authenticator: new Authenticator(registry),
    groups,
    commands: { submit: () => Promise.reject(new Error("these groups take no commands")) },
    resultLogs,
    history,
    stores,
    metrics: new Metrics(groups, stores),
    logger: createLogger("info", { write: (line) => void lines.push(line) }),
    lifecycle: { stopping: false },
    registerCommandRoute,
  };
  const app = await buildApp(deps, surface);
  onTestFinished(async () => {
    await app.close();
    registry.close();
  });
  const other = (id: string) => {
    const { partner, key } = registry.addPartner(id, {});
    return { partner, headers: bearer(key.key) };
  };
  const demo = { partner: registry.partner("demo")!, headers: bearer(credentials!.partner.key) };
  const admin = bearer(credentials!.admin!.key);
  return { app, deps, registry, group, log: resultLogs.log, history, stores, lines, demo, admin, other };
}
