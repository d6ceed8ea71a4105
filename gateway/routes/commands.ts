/** What became of a command. Sending them is the hot route's. */
import { Type } from "typebox";
import { type App, partnerOf, type RouteDeps } from "../app-type.ts";
import { ApiError } from "../errors.ts";
import { Id, replyOf } from "../schemas/common.ts";
import { groupOf } from "./group-of.ts";

const COMMAND = {
  summary: "A command's first result",
  description:
    "Found as long as the command is remembered (the id horizon). A service names the partner in `X-Ringfence-Partner`.",
  tags: ["commands"],
  security: [{ partnerKey: [] }, { serviceSecret: [] }],
  params: Type.Object({ id: Id }, { additionalProperties: false }),
  response: { 200: replyOf("The result", "Result") },
};

export function commandRoutes(app: App, deps: RouteDeps): void {
  app.get("/v1/commands/:id", { schema: COMMAND }, async (request, reply) => {
    const partner = partnerOf(request);
    const result = await groupOf(deps, partner).command(partner.index, request.params.id);
    if (result === undefined) throw new ApiError("COMMAND_NOT_FOUND");
    // Already JSON text; a string is sent as it is.
    return reply.type("application/json; charset=utf-8").send(result);
  });
}
