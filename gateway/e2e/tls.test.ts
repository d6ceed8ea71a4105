/** TLS of the running service: handshakes, reload, and what forbids a start. */
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../registry/index.ts";
import { temporaryFolder } from "../testing.ts";
import { child, childServing, pause } from "./server.ts";

/** Self-signed pairs for localhost and 127.0.0.1, good for a century, used by nothing but these tests. */
const pair = (name: "a" | "b") => {
  const path = (kind: string) =>
    fileURLToPath(new URL(`../edge/testdata/test-only-${name}.${kind}.pem`, import.meta.url));
  return { cert: path("cert"), key: path("key") };
};

/** The common name of the certificate that a new connection is shown. */
async function shown(url: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Status of a GET by a client that trusts certificate `a` only. */
async function get(url: string, key: string): Promise<number> {
  const ca = readFileSync(pair("a").cert);
  const asked = request(url, { ca, agent: false, headers: { authorization: `Bearer ${key}` } }).end();
  const [response] = await once(asked, "response");
  response.resume();
  return response.statusCode;
}

/** A folder with a pair under fixed names, as a renewal replaces it, and settings that name it. */
function files() {
  const folder = temporaryFolder();
  const cert = join(folder, "tls.crt");
  const key = join(folder, "tls.key");
  const put = (name: "a" | "b") => {
    copyFileSync(pair(name).cert, cert);
    copyFileSync(pair(name).key, key);
  };
  put("a");
  return { cert, key, put, settings: { TLS_CERT: cert, TLS_KEY: key } };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; await pause(20)) if (await isSo()) return;
  throw new Error("not in time");
}

test("requests are served over TLS by a certificate that the client checks, and not over plain HTTP", async () => {
  const { settings } = files();
  const { url, demo } = await childServing(settings);
  expect(url).toMatch(/^https:/);
  expect(await get(`${url}/v1/results`, demo.key)).toBe(200);
  expect(await get(`${url}/v1/results`, "rk_live_wrong")).toBe(401);
  await expect(fetch(url.replace("https:", "http:"))).rejects.toThrow();
  expect(await get(`${url}/health`, "")).toBe(200);
});

test("TLS below 1.2 is refused", async () => {
  const { settings } = files();
  const { url } = await childServing(settings);
  const versions = ["TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
  const outcomes = versions.map(async (version) => {
    const options = { minVersion: version, maxVersion: version, rejectUnauthorized: false } as const;
    // Without the lower security level the client itself would not offer 1.1.
    const socket = connect({
      port: Number(new URL(url).port),
      host: "127.0.0.1",
      ciphers: "DEFAULT@SECLEVEL=0",
      ...options,
    });
    const outcome = await Promise.race([
      once(socket, "secureConnect").then(() => socket.getProtocol()),
      once(socket, "error").then(() => "refused"),
    ]).catch(() => "refused");
    socket.destroy();
    return outcome;
  });
  expect(await Promise.all(outcomes)).toEqual(["refused", "TLSv1.2", "TLSv1.3"]);
});

test("a client that begins a handshake and says no more is cut off in time", async () => {
  const { settings } = files();
  const { url } = await childServing({ ...settings, REQUEST_TIMEOUT_MS: "500" });
  const socket = connectPlain(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  // The head of a ClientHello of 512 bytes that never come.
  socket.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  const closed = once(socket, "close").then(() => true);
  expect(await Promise.race([closed, pause(20_000)])).toBe(true);
});

test("SIGHUP takes a renewed pair without a restart; a pair that does not fit keeps the old one, with a line in the log", async () => {
  const made = files();
  const {
    url,
    process: service,
    stdout,
    stop,
  } = await (async () => {
    const running = await childServing({ ...made.settings, LOG_LEVEL: "info" });
    let text = "";
    running.process.stdout?.on("data", (bytes) => {
      text += bytes;
    });
    return { ...running, stdout: () => text, stop: running.ended };
  })();
  expect(await shown(url)).toBe("ringfence test only a");
  made.put("b");
  expect(await shown(url)).toBe("ringfence test only a");
  service.kill("SIGHUP");
  await until(async () => (await shown(url)) === "ringfence test only b");
  copyFileSync(pair("a").cert, made.cert);
  service.kill("SIGHUP");
  await until(async () => stdout().includes("the old one stays"));
  expect(stdout()).toContain("it is not the key of the certificate");
  expect(await shown(url)).toBe("ringfence test only b");
  service.kill("SIGTERM");
  expect((await stop).code).toBe(0);
});

test("the admin's listener has TLS too, and plain HTTP off loopback is warned of", async () => {
  const adminKey = "ra_live_of_this_test";
  const { settings } = files();
  const apart = { ADMIN_PORT: "0", ADMIN_KEY_SHA256: digestOf(adminKey), LOG_LEVEL: "info" };
  const secure = await childServingLog({ ...settings, ...apart });
  const [, adminPort] = [...secure.log.matchAll(/https:\/\/127\.0\.0\.1:(\d+)/g)].map((match) => match[1]);
  expect(await get(`https://127.0.0.1:${adminPort}/v1/admin/partners`, adminKey)).toBe(200);
  expect(secure.log).not.toContain("plain HTTP off loopback");
  const plain = await childServingLog({ ...apart, HOST: "0.0.0.0" });
  expect(plain.log).toContain("plain HTTP off loopback");
});

/** What a child printed until it served. */
async function childServingLog(environment: Record<string, string>): Promise<{ log: string }> {
  const made = child({ DATA: temporaryFolder(), PORT: "0", SEGMENT_MB: "16", MIN_FREE_MB: "0", ...environment });
  let log = "";
  made.process.stdout?.on("data", (bytes) => {
    log += bytes;
  });
  await made.serves;
  return { log };
}

const broken = (text: string) => {
  const file = join(temporaryFolder(), "broken.pem");
  writeFileSync(file, text);
  return file;
};

test.each([
  ["a missing certificate", () => ({ ...files().settings, TLS_CERT: "/nowhere.pem" }), "TLS_CERT=/nowhere.pem"],
  ["a missing key", () => ({ ...files().settings, TLS_KEY: "/nowhere.pem" }), "TLS_KEY=/nowhere.pem"],
  ["a certificate that is none", () => ({ ...files().settings, TLS_CERT: broken("x") }), "not a PEM certificate"],
  ["a key that is none", () => ({ ...files().settings, TLS_KEY: broken("x") }), "not a PEM private key"],
  [
    "a key of another certificate",
    () => ({ ...files().settings, TLS_KEY: pair("b").key }),
    "not the key of the certificate",
  ],
  [
    "a broken chain",
    () => ({
      ...files().settings,
      TLS_CERT: broken(`${readFileSync(pair("a").cert)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    }),
    "TLS_CERT",
  ],
])("%s stops the start with one plain line", async (_, settings, why) => {
  const { code, stderr } = await child({ DATA: temporaryFolder(), PORT: "0", ...settings() }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ringfence: [^\n]+\n$/);
  expect(stderr).toContain(why);
  expect(stderr).not.toContain("PRIVATE KEY-----");
});
