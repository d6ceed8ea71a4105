/** TLS and SASL against a real broker that takes nothing else: the publisher in the service, and a store process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasBroker, startBroker } from "../results/testing/kafka-broker.ts";
import { newTopic } from "../results/testing/raw-topic.ts";
import { hasPrograms, startRedis } from "../stores/testing/index.ts";
import { KafkaGateway } from "./e2e/kafka-gateway.ts";
import { temporaryFolder } from "./testing.ts";

const CLI = fileURLToPath(new URL("./cli.ts", import.meta.url));

/** A key with a certificate for 127.0.0.1 that nobody but `caFile` vouches for. Java brings the tool. */
function makeCertificate(folder: string): { readonly keystore: string; readonly caFile: string } {
  const keystore = join(folder, "broker.p12");
  const caFile = join(folder, "ca.pem");
  const store = ["-alias", "broker", "-keystore", keystore, "-storetype", "PKCS12", "-storepass", "changeit"];
  const key = ["-keyalg", "EC", "-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1", "-validity", "2"];
  for (const args of [
    ["-genkeypair", ...store, ...key],
    ["-exportcert", "-rfc", "-file", caFile, ...store],
  ]) {
    const { status, stderr } = spawnSync("keytool", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`keytool: ${stderr}`);
  }
  return { keystore, caFile };
}

const LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required";

async function secureBroker(keystore: string, passwordNow: () => string) {
  const broker = await startBroker({
    isOwn: true,
    properties: ({ port, controllerPort }) => [
      `listeners=SECURE://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      `advertised.listeners=SECURE://127.0.0.1:${port}`,
      "listener.security.protocol.map=CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
      "inter.broker.listener.name=SECURE",
      "sasl.mechanism.inter.broker.protocol=PLAIN",
      "sasl.enabled.mechanisms=PLAIN",
      `listener.name.secure.plain.sasl.jaas.config=${LOGIN} username="broker" password="b" user_broker="b" user_ringfence="${passwordNow()}";`,
      `ssl.keystore.location=${keystore}`,
      "ssl.keystore.type=PKCS12",
      "ssl.keystore.password=changeit",
      `ssl.truststore.location=${keystore}`,
      "ssl.truststore.type=PKCS12",
      "ssl.truststore.password=changeit",
    ],
  });
  onTestFinished(() => broker.stop());
  return broker;
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !(await what()); ) {
    if (performance.now() > end) throw new Error(`Waited for a minute: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** `ringfence store redis`; its output is collected in `text`. */
function storeProcess(environment: NodeJS.ProcessEnv): { readonly child: ChildProcess; text: string } {
  const child = spawn(process.execPath, [CLI, "store", "redis"], { env: { PATH: process.env.PATH, ...environment } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const running = { child, text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (running.text += String(data)));
  return running;
}

const isPossible = hasBroker() && hasPrograms(["redis-server", "redis-cli"], "redis-server");

describe.runIf(isPossible)("a broker that asks for TLS, a name and a password", { timeout: 240_000 }, () => {
  it("is published to and read from; a password that it no longer takes stops neither commands nor, once put right, the rest", async () => {
    const folder = temporaryFolder();
    const { keystore, caFile } = makeCertificate(folder);
    const passwordFile = join(folder, "password");
    let password = "first";
    writeFileSync(passwordFile, `${password}\n`);
    const broker = await secureBroker(keystore, () => password);
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const topic = newTopic();
    const security = {
      RINGFENCE_KAFKA_TLS: "on",
      RINGFENCE_KAFKA_CA_FILE: caFile,
      RINGFENCE_KAFKA_SASL: "plain",
      RINGFENCE_KAFKA_USER: "ringfence",
      RINGFENCE_KAFKA_PASSWORD_FILE: passwordFile,
    };
    const settings = { ...security, RINGFENCE_REDIS: redis.url };
    const gateway = new KafkaGateway(join(folder, "data"), broker.address, topic, settings);
    onTestFinished(async () => void (await gateway.end("SIGKILL")));
    await gateway.start();
    expect((await gateway.credit("one")).status).toBe(202);
    await gateway.caughtUp();
    const environment = { ...settings, RINGFENCE_KAFKA: broker.address, RINGFENCE_KAFKA_TOPIC: topic };
    const watermark = async () => {
      const { json } = await gateway.call("/v1/admin/stores", gateway.credentials.admin.key);
      return (json as { stores: { name: string; watermark: number }[] }).stores.find(({ name }) => name === "redis")!
        .watermark;
    };
    const store = storeProcess(environment);
    await until(async () => (await watermark()) === 20);

    await broker.kill("SIGTERM");
    password = "second";
    await broker.start();
    expect((await gateway.credit("two")).status).toBe(202);
    await until(async () => (await gateway.group()).publisher.state === "refused");
    expect((await gateway.call("/ready", gateway.credentials.admin.key)).status).toBe(200);
    const refused = await gateway.group();
    expect(refused.publisher.reason).toContain(`Kafka refuses RINGFENCE_KAFKA_USER ringfence`);
    expect(refused.lags.published).toBe(20);
    expect(gateway.log).toContain("publishing to Kafka is refused");
    await until(() => store.child.exitCode !== null);
    expect(store.child.exitCode).toBe(1);
    expect(store.text).toMatch(/ringfence: The redis store's process ends: .*uthenticat/);

    writeFileSync(passwordFile, password);
    await gateway.caughtUp();
    const again = storeProcess(environment);
    await until(async () => (await watermark()) === 40);
    const ended = once(again.child, "exit");
    again.child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    const told = [gateway.log, store.text, again.text].join("");
    for (const secret of ["first", "second"]) expect(told).not.toContain(`"${secret}"`);

    // Without the CA file nobody vouches for the certificate.
    const { RINGFENCE_KAFKA_CA_FILE: _, ...trusting } = environment;
    const stranger = storeProcess(trusting);
    await once(stranger.child, "close");
    expect([stranger.child.exitCode, stranger.text]).toEqual([1, expect.stringMatching(/certificate/)]);
    expect(readFileSync(caFile, "utf8")).toContain("BEGIN CERTIFICATE");
  });
});
