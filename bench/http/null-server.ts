/**
 * The null server: what HTTP alone costs. The same Fastify settings, hijacked reply and body reader as the service's hot route, and a
 * constant 202 of the same size; no scanner, no ring, no group, no disk.
 */
import fastify from "fastify";
import { BODY_BYTES_MAX } from "../../engine/index.ts";
import { readBody } from "../../gateway/index.ts";

const body = '{"status":"pending","group":"g0","sequence":123456789,"count":20,"requestId":"AqHuze80KcTz.1a2b3"}';

/** Serves on a free port of loopback; resolves with the url. */
export async function startNullServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const app = fastify({ logger: false });
  app.route({
    method: "POST",
    url: "/v1/commands",
    onRequest: (request, reply, done) => {
      reply.hijack();
      const response = reply.raw;
      readBody(request.raw, BODY_BYTES_MAX, {
        onBody: () => {
          response.writeHead(202, [
            "content-type",
            "application/json; charset=utf-8",
            "content-length",
            String(body.length),
            "x-request-id",
            request.id,
            "cache-control",
            "no-store",
          ]);
          response.end(body);
        },
        onRefused: () => response.destroy(),
      });
      done();
    },
    handler: () => {
      throw new Error("the request was hijacked");
    },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, close: () => app.close() };
}

if (import.meta.main) {
  const { url, close } = await startNullServer();
  process.on("SIGTERM", () => void close().then(() => process.exit(0)));
  console.log(url);
}
