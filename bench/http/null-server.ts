/**
 * The null server: what HTTP alone costs. The service's own settings of Fastify, hijacked reply, body reader and way of answering, and a
 * constant body of the same size; no keys, no scanner, no ring, no group, no disk.
 */
import fastify, { type FastifyInstance } from "fastify";
import { BODY_BYTES_MAX } from "../../engine/index.ts";
import { httpOptions, readBody, sendAnswer, tuneCollector } from "../../gateway/index.ts";
import { SHAPES, type Shape, type ShapeName } from "./shapes.ts";

/** What a null route answers: the service's own answer to the same body, of the same size. */
const ANSWERS: Readonly<Record<ShapeName, string>> = {
  commands: '{"status":"pending","group":"g0","sequence":123456789,"count":20,"requestId":"AqHuze80KcTz.1a2b3"}',
  orders:
    '{"ErrorDetail":{"ErrorList":""},"HttpCode":200,"Message":"request balance success, but balance is processing, ' +
    'please check other event response","Status":"success"}',
};

/** Serves on a free port of loopback; resolves with the url. */
export async function startNullServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const app = fastify(httpOptions());
  for (const [name, body] of Object.entries(ANSWERS) as [ShapeName, string][]) addRoute(app, SHAPES[name], body);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, close: () => app.close() };
}

function addRoute(app: FastifyInstance, { path, accepted }: Shape, body: string): void {
  app.route({
    method: "POST",
    url: path,
    onRequest: (request, reply, done) => {
      reply.hijack();
      const response = reply.raw;
      readBody(request.raw, BODY_BYTES_MAX, {
        onBody: () => {
          sendAnswer(response, { status: accepted, body, bytes: body.length, requestId: request.id });
        },
        onRefused: () => response.destroy(),
      });
      done();
    },
    handler: () => {
      throw new Error("the request was hijacked");
    },
  });
}

if (import.meta.main) {
  tuneCollector();
  const { url, close } = await startNullServer();
  process.on("SIGTERM", () => void close().then(() => process.exit(0)));
  console.log(url);
}
