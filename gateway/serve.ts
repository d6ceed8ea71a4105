/** The composition root: puts engine, journal, results and the HTTP server together, and takes them down again. */
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { Publisher } from "../results/index.ts";
import { buildApp, type Surface } from "./app.ts";
import type { App, GatewayDeps, Lifecycle } from "./app-type.ts";
import { Authenticator } from "./auth.ts";
import { ConfigError, isLoopback, type Listener, readSettings, type Settings } from "./config.ts";
import { lockDataFolder } from "./data-lock.ts";
import { Edge } from "./edge/edge.ts";
import { contextOf, readTls, type TlsPair } from "./edge/tls.ts";
import { TrustedAddresses } from "./facades/caller.ts";
import { deductFacade } from "./facades/deduct/index.ts";
import type { Facade } from "./facades/facade.ts";
import { onePassFacade } from "./facades/one-pass/index.ts";
import { requestBalanceFacade } from "./facades/request-balance/index.ts";
import { walletFacade } from "./facades/wallet/index.ts";
import { Groups, namesOf } from "./groups.ts";
import { commandRoute } from "./hot/command-route.ts";
import { Submitter } from "./hot/submitter.ts";
import type { LinkLog } from "./link/link-log.ts";
import { createLogger } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { groupDirectory, storePath } from "./paths.ts";
import { QueryThread } from "./query-thread.ts";
import { type Credentials, firstStartText, Registry, updateCredentialsUrl } from "./registry/index.ts";
import { ServiceRotation } from "./service-rotation.ts";
import { EmbeddedStore } from "./store/embedded-store.ts";
import { OutsideStores } from "./store/outside-stores.ts";
import { NO_STORES } from "./stores.ts";
import { keepWasmCode, tuneCollector } from "./thread/tuning.ts";

/** A running service. */
export interface Service {
  readonly url: string;
  readonly adminUrl: string;
  /** Keys made by a first start. */
  readonly credentials: Credentials | undefined;
  /** Reads certificate and key again; new connections have them from then on. Bad files keep the old pair, with a line in the log. */
  reloadTls(): void;
  /** Drains, syncs, snapshots, ends. */
  stop(): Promise<void>;
}

/** Starts the service and stops it on SIGTERM or SIGINT. What forbids the start is told in one line, and exits 1. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    const settings = readSettings(environment);
    tuneCollector();
    keepWasmCode();
    const starting = start(settings);
    // From the first moment on: without a listener a signal during the start would end the process on the spot, with its code.
    stopOnSignal(starting);
    const { url, credentials, reloadTls } = await starting;
    // Only then: without TLS a closed terminal ends the process as it always does.
    if (settings.tls !== undefined) process.on("SIGHUP", reloadTls);
    if (credentials !== undefined) process.stdout.write(`${firstStartText({ ...credentials, url })}\n`);
    process.stdout.write(`ringfence serves on ${url}\n`);
  } catch (error) {
    fail(error);
  }
}

function stopOnSignal(starting: Promise<Service>): void {
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    // A start under way is let finish, for its groups may have taken commands already.
    starting.then((service) => service.stop()).then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function fail(error: unknown): never {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`ringfence: ${text}\n`);
  process.exit(1);
}

/** Starts the service with these settings. Throws ConfigError with one plain sentence when an operator's mistake forbids it. */
export async function start(settings: Settings): Promise<Service> {
  const tls = settings.tls && readTls(settings.tls);
  const lock = lockDataFolder(settings.data);
  const logger = createLogger(settings.logLevel);
  const { listener } = settings;
  const scheme = tls === undefined ? "http" : "https";
  const { registry, credentials } = Registry.open({
    data: settings.data,
    groups: settings.groups,
    adminKeyDigests: settings.adminKeyDigests,
    masterKeys: settings.masterKeys,
    url: urlOf(listener, listener.port, scheme),
  });
  const edge = new Edge(settings.edge, tls);
  const lifecycle: Lifecycle = { stopping: false };
  const query = new QueryThread(settings, logger);
  const store = embeddedStore(settings, logger);
  const publisher = publisherOf(settings, registry, logger);
  const groups = new Groups({
    settings,
    registry,
    log: logger,
    onDurable: (group, sequence) => {
      query.advance(group, sequence);
      store?.advance(group, sequence);
      publisher?.advance(group, sequence);
    },
    publishing: (group) => publisher && { cursor: publisher.cursor(group), stats: () => publisher.stats(group) },
    verify: (group, state) => query.verify(group, state),
  });
  const outside = new OutsideStores(settings, (group) => groups.link(group)?.stats().durable ?? 0);
  const stores = outside.beside(store ?? NO_STORES);
  const rotation = new ServiceRotation({ registry, period: settings.services, log: logger });
  const metrics = new Metrics(groups, stores, () => rotation.states());
  const names = namesOf(registry);
  const linkOf = (group: string) => groups.link(group);
  const trusted = new TrustedAddresses(settings.facades.addresses, settings.facades.hosts);
  const commands = new Submitter({ registry, linkOf, names });
  const countOrders = (status: number) => metrics.countOrders(status);
  const facades: readonly Facade[] = [
    requestBalanceFacade({ linkOf, count: countOrders, auth: settings.services.auth, trusted }),
    walletFacade({ partner: settings.facades.walletPartner, trusted }),
    deductFacade({ partner: settings.facades.deductPartner, trusted }),
    onePassFacade(settings, { commands, registry, log: logger, trusted }),
  ];
  const deps: GatewayDeps = {
    settings,
    registry,
    authenticator: new Authenticator(registry, edge.limits),
    edge,
    groups,
    commands,
    resultLogs: query,
    history: query,
    stores,
    metrics,
    logger,
    lifecycle,
    registerCommandRoute: commandRoute({ linkOf, names, count: (status) => metrics.countCommands(status) }),
  };
  warnOfPlainHttp(settings, logger);
  warnOfUnknownPartners(settings, registry, logger);
  if (tls !== undefined) warnOfExpiry(tls, logger);
  // Listen first: /health and /ready tell what goes on while a long journal is replayed.
  const apps = await listenAll(deps, settings, facades);
  const url = urlOf(listener, portOf(apps[0]!), scheme);
  updateCredentialsUrl(settings.data, url);
  publisher?.start();
  rotation.start();
  await groups.start();
  await Promise.all(facades.map((facade) => facade.start?.()));
  const stop = async () => {
    lifecycle.stopping = true;
    rotation.stop();
    // Else the service would wait for whoever waits for the history of a day.
    await Promise.all([query.interrupt(), ...apps.map((app) => app.close())]);
    await Promise.all(facades.map((facade) => facade.stop?.()));
    await groups.stop();
    // Behind the groups: what they took last is durable now, and goes out if Kafka takes it soon.
    await publisher?.stop();
    await query.close();
    await Promise.all([store?.close(), outside.close()]);
    registry.close();
    lock.release();
  };
  const { adminListener } = settings;
  const adminUrl = adminListener === undefined ? url : urlOf(adminListener, portOf(apps[1]!), scheme);
  return { url, adminUrl, credentials, reloadTls: () => reloadTls(settings, apps, logger), stop };
}

/** A pair of files that was replaced, by a renewal say, takes effect without a restart; connections that are open keep theirs. */
function reloadTls({ tls: files }: Settings, apps: readonly App[], logger: FastifyBaseLogger): void {
  if (files === undefined) return;
  try {
    const pair = readTls(files);
    for (const { server } of apps) (server as HttpsServer).setSecureContext(contextOf(pair));
    logger.info({ validTo: new Date(pair.validToMs).toISOString() }, "TLS certificate read again");
    warnOfExpiry(pair, logger);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    logger.error({ reason: error.message }, "TLS certificate not replaced; the old one stays");
  }
}

function warnOfExpiry({ validToMs }: TlsPair, logger: FastifyBaseLogger): void {
  if (validToMs > Date.now()) return;
  logger.warn({ validTo: new Date(validToMs).toISOString() }, "the TLS certificate has expired");
}

/** A facade that is bound to nobody refuses every call; perhaps the name is misspelt, perhaps the partner comes later. */
function warnOfUnknownPartners({ facades }: Settings, registry: Registry, logger: FastifyBaseLogger): void {
  const bound = {
    RINGFENCE_ONEPASS_PARTNER: facades.onePassPartner,
    RINGFENCE_WALLET_PARTNER: facades.walletPartner,
    RINGFENCE_DEDUCT_PARTNER: facades.deductPartner,
  };
  for (const [setting, partner] of Object.entries(bound)) {
    if (partner === undefined || registry.partner(partner) !== undefined) continue;
    logger.warn({ setting, partner }, "the facade's partner does not exist yet; its calls without a key are refused");
  }
}

/** Plain HTTP off loopback shows keys to whoever listens on the way, unless a proxy in front of it speaks TLS. */
function warnOfPlainHttp({ listener, adminListener, tls }: Settings, logger: FastifyBaseLogger): void {
  const exposed = [listener, adminListener].find((one) => one !== undefined && !isLoopback(one.host));
  if (exposed === undefined || tls !== undefined) return;
  logger.warn(
    { host: exposed.host },
    "plain HTTP off loopback: keys can be read on the way; set RINGFENCE_TLS_CERT and RINGFENCE_TLS_KEY, or let a proxy speak TLS",
  );
}

function embeddedStore(settings: Settings, log: LinkLog): EmbeddedStore | undefined {
  if (settings.store === "off") return undefined;
  const groups = settings.groups.map((name) => ({ name, directory: groupDirectory(settings.data, name) }));
  return new EmbeddedStore({ path: storePath(settings.data), groups }, log);
}

function publisherOf(settings: Settings, registry: Registry, log: LinkLog): Publisher | undefined {
  const { kafka } = settings;
  if (kafka === undefined) return undefined;
  const groups = settings.groups.map((name) => ({
    name,
    index: registry.group(name)!.index,
    directory: groupDirectory(settings.data, name),
  }));
  return new Publisher({ ...kafka, groups, log });
}

async function listenAll(deps: GatewayDeps, settings: Settings, facades: readonly Facade[]): Promise<App[]> {
  const { listener, adminListener } = settings;
  const wanted: [Surface, Listener][] =
    adminListener === undefined
      ? [["both", listener]]
      : [
          ["partners", listener],
          ["operators", adminListener],
        ];
  const apps: App[] = [];
  for (const [surface, { host, port }] of wanted) {
    const app = await buildApp(deps, surface, facades);
    try {
      await app.listen({ host, port });
    } catch (error) {
      const setting = surface === "operators" ? "RINGFENCE_ADMIN_PORT" : "RINGFENCE_PORT";
      throw new ConfigError(`Cannot listen on ${host}:${port}: ${whyNot(error, setting)}.`);
    }
    apps.push(app);
  }
  return apps;
}

/** Why nothing can listen where `setting` says. */
function whyNot(error: unknown, setting: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return `another process listens there; stop it, or set ${setting} to another port`;
  if (code === "EACCES") return "this user may not listen on that port";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address";
  return error instanceof Error ? error.message : String(error);
}

function portOf(app: App): number {
  return (app.server.address() as AddressInfo).port;
}

function urlOf({ host }: Listener, port: number, scheme: "http" | "https"): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
