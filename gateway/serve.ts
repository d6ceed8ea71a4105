/** The composition root: puts engine, journal, results and the HTTP server together, and takes them down again. */
import type { AddressInfo } from "node:net";
import { Publisher } from "../results/index.ts";
import { buildApp, type Surface } from "./app.ts";
import type { App, GatewayDeps, Lifecycle } from "./app-type.ts";
import { Authenticator } from "./auth.ts";
import { ConfigError, type Listener, readSettings, type Settings } from "./config.ts";
import { lockDataFolder } from "./data-lock.ts";
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

/** A running service. */
export interface Service {
  readonly url: string;
  readonly adminUrl: string;
  /** Keys made by a first start. */
  readonly credentials: Credentials | undefined;
  /** Drains, syncs, snapshots, ends. */
  stop(): Promise<void>;
}

/** Starts the service and stops it on SIGTERM or SIGINT. What forbids the start is told in one line, and exits 1. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    const starting = start(readSettings(environment));
    // From the first moment on: without a listener a signal during the start would end the process on the spot, with its code.
    stopOnSignal(starting);
    const { url, credentials } = await starting;
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
  const lock = lockDataFolder(settings.data);
  const logger = createLogger(settings.logLevel);
  const { listener } = settings;
  const { registry, credentials } = Registry.open({
    data: settings.data,
    groups: settings.groups,
    adminKeyDigests: settings.adminKeyDigests,
    url: urlOf(listener, listener.port),
  });
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
  const commands = new Submitter({ registry, linkOf, names });
  const countOrders = (status: number) => metrics.countOrders(status);
  const trusted = new TrustedAddresses(settings.facades.addresses);
  const facades: readonly Facade[] = [
    requestBalanceFacade({ linkOf, count: countOrders, auth: settings.services.auth }),
    walletFacade({ partner: settings.facades.walletPartner, trusted }),
    deductFacade({ partner: settings.facades.deductPartner, trusted }),
    onePassFacade(settings, { commands, registry, log: logger, trusted }),
  ];
  const deps: GatewayDeps = {
    settings,
    registry,
    authenticator: new Authenticator(registry),
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
  // Listen first: /health and /ready tell what goes on while a long journal is replayed.
  const apps = await listenAll(deps, settings, facades);
  const url = urlOf(listener, portOf(apps[0]!));
  updateCredentialsUrl(settings.data, url);
  publisher?.start();
  rotation.start();
  await groups.start();
  await Promise.all(facades.map((facade) => facade.start?.()));
  const stop = async () => {
    lifecycle.stopping = true;
    rotation.stop();
    await Promise.all(apps.map((app) => app.close()));
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
  const adminUrl = adminListener === undefined ? url : urlOf(adminListener, portOf(apps[1]!));
  return { url, adminUrl, credentials, stop };
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
      throw new ConfigError(`Cannot listen on ${host}:${port}: ${whyNot(error)}.`);
    }
    apps.push(app);
  }
  return apps;
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "another process listens there; stop it, or set RINGFENCE_PORT to another port";
  if (code === "EACCES") return "this user may not listen on that port";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address";
  return error instanceof Error ? error.message : String(error);
}

function portOf(app: App): number {
  return (app.server.address() as AddressInfo).port;
}

function urlOf({ host }: Listener, port: number): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
