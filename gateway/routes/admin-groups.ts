/** Groups and stores, as those who run them see them. */
import { Type } from "typebox";
import type { PublisherStats } from "../../results/index.ts";
import type { App, RouteDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import type { Group } from "../group.ts";
import { Id, MoneyText, reply, Sequence } from "../schemas/common.ts";

const tags = ["admin"];
const params = Type.Object({ group: Id }, { additionalProperties: false });
const count = Type.Integer({ minimum: 0 });

const GroupShape = Type.Object({
  name: Type.String(),
  index: count,
  state: Type.Unsafe<string>({ type: "string", enum: ["recovering", "serving", "down"] }),
  reason: Type.Optional(Type.String()),
  sequence: Sequence,
  durable: Sequence,
  published: Sequence,
  lags: Type.Object(
    { durable: count, published: count },
    { description: "In commands: behind applied, behind durable" },
  ),
  publisher: Type.Optional(
    Type.Object(
      {
        state: Type.Unsafe<string>({ type: "string", enum: ["starting", "publishing", "retrying", "refused"] }),
        reason: Type.Optional(Type.String()),
        records: count,
        errors: count,
      },
      { description: "How publishing to Kafka goes; absent where it is not configured" },
    ),
  ),
  ring: Type.Object({ bytes: count, usedBytes: count, fill: Type.Number({ minimum: 0, maximum: 1 }) }),
  accounts: count,
  holds: count,
  remembered: count,
  idHorizonSeconds: Type.Number({ minimum: 0 }),
  snapshotSequence: Sequence,
  freeBytes: count,
  aheadBytes: count,
  aheadMappedBytes: count,
  stateHash: Type.Union([Type.String(), Type.Null()], { description: "null while the group is not serving" }),
});

const GROUPS = {
  summary: "All groups of this process",
  tags,
  response: { 200: reply("Groups", Type.Object({ groups: Type.Array(GroupShape) })) },
};
const SNAPSHOT = {
  summary: "Writes a snapshot of a group now",
  tags,
  params,
  response: { 200: reply("The snapshot is durable", Type.Object({ sequence: Sequence })) },
};
const VERIFY = {
  summary: "Reads a group's journal again and checks its chain, its sums and its state",
  tags,
  params,
  response: {
    200: reply(
      "What was found; `ok` false comes with a `report`",
      Type.Object({
        ok: Type.Boolean(),
        frames: count,
        sequence: Sequence,
        trialBalance: Type.Record(Type.String(), MoneyText),
        stateHash: Type.String(),
        report: Type.Optional(Type.String()),
      }),
    ),
  },
};
const StoreShape = Type.Object({
  name: Type.String({ examples: ["sqlite"] }),
  group: Type.String(),
  watermark: Sequence,
  lag: Type.Integer({ minimum: 0, description: "Durable sequences behind the watermark" }),
  state: Type.Unsafe<string>({ type: "string", enum: ["starting", "following", "retrying", "stopped", "unreachable"] }),
  reason: Type.Optional(Type.String()),
});
const STORES = {
  summary: "Balance stores: how far each has got in each group",
  tags,
  response: { 200: reply("Stores", Type.Object({ stores: Type.Array(StoreShape) })) },
};

async function shown(group: Group) {
  const stats = group.stats();
  return {
    name: stats.name,
    index: stats.index,
    state: stats.state,
    ...(stats.reason === undefined ? {} : { reason: stats.reason }),
    sequence: stats.sequence,
    durable: stats.durable,
    published: stats.published,
    // The three are read one after the other while the group runs on, so a difference may come out negative.
    lags: {
      durable: Math.max(0, stats.sequence - stats.durable),
      published: Math.max(0, stats.durable - stats.published),
    },
    ...(stats.publisher === undefined ? {} : { publisher: publisherShown(stats.publisher) }),
    ring: { bytes: stats.ringBytes, usedBytes: stats.ringUsedBytes, fill: stats.ringUsedBytes / stats.ringBytes },
    accounts: stats.accounts,
    holds: stats.holds,
    remembered: stats.remembered,
    idHorizonSeconds: stats.idHorizonSeconds,
    snapshotSequence: stats.snapshotSequence,
    freeBytes: stats.freeBytes,
    aheadBytes: stats.aheadBytes,
    aheadMappedBytes: stats.aheadMappedBytes,
    stateHash: stats.state === "serving" ? await hashOf(group) : null,
  };
}

/** `published` stands beside the other sequences already. */
function publisherShown({ state, reason, records, errors }: PublisherStats) {
  return { state, ...(reason === undefined ? {} : { reason }), records, errors };
}

/** One group that fails while it is asked must not hide the others (I11). */
async function hashOf(group: Group): Promise<string | null> {
  try {
    return await group.stateHash();
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}

export function adminGroupRoutes(app: App, deps: RouteDeps): void {
  const named = (name: string): Group => {
    const group = deps.groups.byName(name);
    if (group === undefined) throw new ApiError("NOT_FOUND", `There is no group ${name}.`);
    return group;
  };

  app.get("/v1/admin/groups", { schema: GROUPS }, async () => ({
    groups: await Promise.all(deps.groups.all().map(shown)),
  }));

  app.post("/v1/admin/groups/:group/snapshot", { schema: SNAPSHOT }, async (request) => {
    const { sequence } = await named(request.params.group).snapshot();
    deps.logger.info({ requestId: request.id, group: request.params.group, sequence }, "snapshot written on demand");
    return { sequence };
  });

  app.post("/v1/admin/groups/:group/verify", { schema: VERIFY }, async (request) => {
    const found = await named(request.params.group).verify();
    const log = { requestId: request.id, group: request.params.group, ok: found.ok, report: found.report };
    if (found.ok) deps.logger.info(log, "journal verified");
    else deps.logger.error(log, "journal does not verify");
    return found;
  });

  app.get("/v1/admin/stores", { schema: STORES }, async () => ({ stores: await deps.stores.status() }));
}
