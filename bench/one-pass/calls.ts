/** Calls of both parties over kept-alive connections: what one call costs the caller is little beside what is measured. */
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 99 });
let made = 0;

/** Posts JSON text, or gets without a body; returns the text of the answer. Rejects unless it is HTTP 200. */
export function call(url: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      "x-ksy-kingstar-id": "benchmark",
      "x-ksy-request-id": `bench-${process.pid}-${made++}`,
      ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    };
    const sent = request(url, { agent, method: body === undefined ? "GET" : "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url}: HTTP ${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** As `call`, of what answers with an envelope; rejects unless its code is 200. */
export async function ask(url: string, body?: string): Promise<string> {
  const text = await call(url, body);
  if (!text.startsWith('{"code":200,')) throw new Error(`${url}: ${text}`);
  return text;
}

export function endCalls(): void {
  agent.destroy();
}
