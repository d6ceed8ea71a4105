/** The AsyncAPI document of the results topic, from the schemas; `docs/asyncapi.yaml` is its text. */
import { HeadersSchema, ResultsMessageSchema } from "../message-schema.ts";

/** JSON Schema without what TypeBox adds for itself. */
const plain = (schema: object): unknown => JSON.parse(JSON.stringify(schema));

const DOCUMENT = {
  asyncapi: "3.0.0",
  info: {
    title: "Ringfence results",
    version: "1",
    description:
      "Every result of every command, in order, for the operator's own services. Read it with the helper in " +
      "results/consumer, which checks that nothing is missing and drops repeats; partners read GET /v1/results.",
    license: { name: "Unlicensed" },
  },
  servers: {
    local: { host: "127.0.0.1:19092", protocol: "kafka", description: "What make kafka runs" },
  },
  defaultContentType: "application/json",
  channels: {
    results: {
      address: "ringfence.results",
      title: "Results",
      description:
        "One partition a group, whose number is the group's index; RINGFENCE_KAFKA_TOPIC gives another name. Sequences of a " +
        "group rise without a gap. After a crash of the publisher its newest records may stand there twice, with the same bytes.",
      messages: { results: { $ref: "#/components/messages/results" } },
      bindings: { kafka: { topic: "ringfence.results", topicConfiguration: { "cleanup.policy": ["delete"] } } },
    },
  },
  operations: {
    publishResults: {
      action: "send",
      channel: { $ref: "#/channels/results" },
      summary: "Ringfence publishes what is durable",
      messages: [{ $ref: "#/channels/results/messages/results" }],
    },
  },
  components: {
    messages: {
      results: {
        name: "ringfence.results.v1",
        title: "Up to 1000 results of one group",
        contentType: "application/json",
        headers: plain(HeadersSchema),
        payload: plain(ResultsMessageSchema),
        bindings: { kafka: { key: { type: "string", description: "The group's name" } } },
      },
    },
  },
};

/** The text of `docs/asyncapi.yaml`. */
export function asyncApiText(): string {
  return `# Written by results/testing/write-asyncapi.ts from the schemas in results/message-schema.ts.\n${block(DOCUMENT, "")}`;
}

/** A value as YAML in block style; scalars are JSON, which YAML includes. */
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.map((one) => `${indent}- ${item(one, indent)}`).join("");
  return Object.entries(value as object)
    .map(
      ([key, one]) =>
        `${indent}${keyText(key)}:${isScalar(one) ? ` ${scalar(one)}\n` : `\n${block(one, `${indent}  `)}`}`,
    )
    .join("");
}

/** Behind a dash: the first line of an object stands on the dash's line. */
function item(value: unknown, indent: string): string {
  return isScalar(value) ? `${scalar(value)}\n` : block(value, `${indent}  `).trimStart();
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

/** Plain where that cannot be taken for anything else. */
function scalar(value: unknown): string {
  const isPlain =
    typeof value === "string" &&
    /^[A-Za-z][A-Za-z ]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? (value as string) : JSON.stringify(value);
}

function keyText(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) || key === "$ref" ? key : JSON.stringify(key);
}
