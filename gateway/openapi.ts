/** The OpenAPI 3.1 document: routes document themselves, this adds what they share and the hot route. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { App } from "./app-type.ts";
import { WAIT_SECONDS_MAX } from "./limits.ts";
import { Bucket, COMMAND_SCHEMAS, Command } from "./schemas/commands.ts";
import { replyOf } from "./schemas/common.ts";
import { REPLY_SCHEMAS } from "./schemas/replies.ts";

/** What this needs to know of the document. */
interface Document {
  paths?: Record<string, Record<string, object> | undefined>;
}

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

const FAILURES = {
  "4XX": problem("Refused; `code` says why"),
  "5XX": problem("Not possible at the moment, or a fault; `code` says which"),
};

const PARTNER_PARAMETER = {
  name: "X-Ringfence-Partner",
  in: "header",
  required: false,
  description: "With a service's secret: the partner that it acts for. A service may send capture and release only.",
  schema: { type: "string", examples: ["TEST"] },
};

/** POST /v1/commands is not described by its route, which has no schema: it reads bytes, and is registered by others. */
const COMMANDS_OPERATION = {
  operationId: "post_commands",
  summary: "Sends a bucket of commands",
  description:
    "202 once the bucket is durable. With `Prefer: wait=<seconds>`: 200 with every command's result at the same point. A malformed bucket is refused whole. After 503 OUTCOME_UNKNOWN send the same ids again.",
  tags: ["commands"],
  security: [{ partnerKey: [] }, { serviceSecret: [] }],
  parameters: [
    PARTNER_PARAMETER,
    {
      name: "Prefer",
      in: "header",
      required: false,
      description: `\`wait=<seconds>\`, at most ${WAIT_SECONDS_MAX}: answer with the results`,
      schema: { type: "string", examples: ["wait=5"] },
    },
  ],
  requestBody: {
    required: true,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Bucket" } } },
  },
  responses: {
    200: replyOf("Durable; with results", "Done"),
    202: replyOf("Durable", "Pending"),
    ...FAILURES,
  },
};

const METHODS = ["get", "post", "patch", "delete"];

/** Derives an id for each operation from its path, adds the failures, and the keys that it takes. */
function complete(document: Document): void {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {})) {
      if (!METHODS.includes(method)) continue;
      const { responses, security } = operation as { responses?: object; security?: object };
      const words = path.replace(/^\/(v1\/)?/, "").match(/[A-Za-z0-9]+/g) ?? [];
      const key = path.startsWith("/v1/admin") ? "adminKey" : "partnerKey";
      Object.assign(operation, {
        operationId: [method, ...words].join("_"),
        security: security ?? [{ [key]: [] }],
        // A facade's routes say themselves how they fail: not with problems.
        responses: { ...FAILURES, ...responses },
      });
    }
  }
}

function documentOptions({ withCommands, operations }: DocumentParts): FastifyDynamicSwaggerOptions {
  const key = (description: string) => ({ type: "http", scheme: "bearer", description }) as const;
  const components = {
    securitySchemes: {
      partnerKey: key("`rk_live_…`"),
      adminKey: key("`ra_live_…`"),
      serviceSecret: key("`rs_live_…`; it acts for the partner that the request names"),
    },
    schemas: JSON.parse(JSON.stringify({ ...REPLY_SCHEMAS, ...COMMAND_SCHEMAS, Command, Bucket })),
  };
  return {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Ringfence",
        version: "1",
        description: "A balance engine. Money is a decimal string in major units. Errors are RFC 9457 problems.",
      },
      servers: [{ url: "/" }],
      components,
    },
    transformObject: (given) => {
      if (!("openapiObject" in given)) throw new Error("the document is not OpenAPI");
      const document = given.openapiObject;
      complete(document as Document);
      if (withCommands === true) Object.assign(document.paths ?? {}, withPost(document as Document, "/v1/commands"));
      for (const [path, item] of Object.entries(operations ?? {})) {
        Object.assign(document.paths ?? {}, { [path]: { ...document.paths?.[path], ...item } });
      }
      return document;
    },
  };
}

const withPost = (document: Document, path: string) => ({
  [path]: { ...document.paths?.[path], post: COMMANDS_OPERATION },
});

interface DocumentParts {
  /** The app has POST /v1/commands. */
  readonly withCommands?: boolean;
  /** Path -> item, of other routes on the fast path. */
  readonly operations?: Readonly<Record<string, object>>;
}

/** Collects the routes that are registered after it, and describes those on the fast path. */
export async function collectOpenApi(app: App, parts: DocumentParts): Promise<void> {
  await app.register(swagger, documentOptions(parts));
}

/** GET /openapi.json. */
export function openApiRoute(app: App): void {
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
}

/** GET /docs. The policy is the page's own: it runs its scripts, and asks for nothing elsewhere. */
export async function docsRoutes(app: App): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    // Served over plain HTTP on loopback, where an upgrade of its own requests would leave the page empty.
    transformStaticCSP: (policy) =>
      policy.replace(" upgrade-insecure-requests;", "").replaceAll(" https:", "").replace(" validator.swagger.io", ""),
  });
}
