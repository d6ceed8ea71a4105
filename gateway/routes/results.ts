/** A partner's own results: pages with a long poll, or a stream of events. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type App, partnerOf, type RouteDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import { eventTexts, writePaced } from "../event-stream.ts";
import type { ResultLog } from "../group.ts";
import { RESULTS_PAGE_MAX, WAIT_SECONDS_MAX } from "../limits.ts";
import { SECURITY_HEADERS } from "../problem.ts";
import type { Partner } from "../registry/index.ts";
import { readResults } from "../results-reader.ts";
import { digits, replyOf } from "../schemas/common.ts";

const page = replyOf("Results after `after`; an empty page comes only at the durable end", "ResultPage");

const RESULTS = {
  summary: "The partner's own results, by long poll or as server-sent events",
  description:
    "With `Accept: text/event-stream`: one event a result, `id` is its sequence, resumed by `Last-Event-ID`. Gaps between sequences are normal: results of others are left out.",
  tags: ["results"],
  querystring: Type.Object(
    {
      after: Type.Optional(digits("Sequence after which to begin; 0 unless given")),
      limit: Type.Optional(
        digits(`At most this many results, 1 to ${RESULTS_PAGE_MAX}; ${RESULTS_PAGE_MAX} unless given`),
      ),
      wait: Type.Optional(digits(`Seconds to wait at the durable end, 0 to ${WAIT_SECONDS_MAX}; 0 unless given`)),
    },
    { additionalProperties: false },
  ),
  response: {
    200: {
      ...page,
      content: { ...page.content, "text/event-stream": { schema: { type: "string" } } },
    },
  },
};

function number(name: string, text: string | undefined, rule: { unset: number; min: number; max: number }): number {
  const value = text === undefined ? rule.unset : Number(text);
  if (value >= rule.min && value <= rule.max) return value;
  throw new ApiError("INVALID_REQUEST", `\`${name}\` must be from ${rule.min} to ${rule.max}.`);
}

function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers["last-event-id"];
  if (header === undefined || header === "") return undefined;
  if (typeof header === "string" && /^[0-9]{1,15}$/.test(header)) return Number(header);
  throw new ApiError("INVALID_REQUEST", "`Last-Event-ID` must be a sequence.");
}

function mayGoOn(deps: RouteDeps, request: FastifyRequest): boolean {
  try {
    return deps.authenticator.principal(request.raw.socket, request.headers.authorization)?.kind === "partner";
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

interface Source {
  readonly log: ResultLog;
  readonly partner: Partner;
  readonly after: number;
}

/** Answers with events until the client goes, the service stops, or the key is revoked. */
async function stream(deps: RouteDeps, { log, partner, after }: Source, request: FastifyRequest, reply: FastifyReply) {
  const signal = deps.streams.open(partner.index, reply.raw);
  const query = { log, partner: partner.index, after, signal, mayGoOn: () => mayGoOn(deps, request) };
  // Read before the reply begins, so that a refusal is still a problem document.
  const first = await readResults(log, { ...query, limit: RESULTS_PAGE_MAX, waitMs: 0 });
  reply.hijack();
  reply.raw.writeHead(200, {
    ...SECURITY_HEADERS,
    "content-type": "text/event-stream; charset=utf-8",
    "x-request-id": request.id,
    connection: "close",
    // For nginx, which else collects events before it passes them on.
    "x-accel-buffering": "no",
  });
  try {
    await writePaced(reply.raw, { texts: eventTexts(query, first), signal });
  } catch (error) {
    const stalled = error instanceof Error && error.name === "AbortError";
    if (!stalled) deps.logger.error({ requestId: request.id, err: error }, "event stream failed");
    // What is not taken by now never will be, and `end` would wait for it.
    reply.raw.destroy();
    return;
  }
  reply.raw.end();
}

export function resultRoutes(app: App, deps: RouteDeps): void {
  app.get("/v1/results", { schema: RESULTS }, async (request, reply) => {
    const partner = partnerOf(request);
    const log = deps.resultLogs.byGroup(partner.group.name);
    if (log === undefined) throw new ApiError("GROUP_DOWN", `Group ${partner.group.name} is not served here.`);
    const limit = number("limit", request.query.limit, { unset: RESULTS_PAGE_MAX, min: 1, max: RESULTS_PAGE_MAX });
    const wait = number("wait", request.query.wait, { unset: 0, min: 0, max: WAIT_SECONDS_MAX });
    const after = Number(request.query.after ?? 0);
    if (request.headers.accept?.includes("text/event-stream") === true) {
      return stream(deps, { log, partner, after: lastEventId(request) ?? after }, request, reply);
    }
    const signal = deps.streams.open(partner.index, reply.raw);
    const found = await readResults(log, { partner: partner.index, after, limit, waitMs: wait * 1000, signal });
    const text = `{"results":[${found.results.join(",")}],"next":${found.next}}`;
    return reply.type("application/json; charset=utf-8").send(text);
  });
}
