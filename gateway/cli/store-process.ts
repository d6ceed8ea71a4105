/** A store process: follows the results topic into one store until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import { logLevel as kafkaLogLevel } from "kafkajs";
import { kafkaConnection } from "../../results/index.ts";
import {
  Applier,
  type ApplierLog,
  KafkaSource,
  type MessageSource,
  type Store,
  StoreError,
} from "../../stores/index.ts";
import { readKafka } from "../config.ts";
import { createLogger } from "../logger.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds between tries to reach a store at the start: it may be started beside its database. */
const PREPARE_MS = 1000;
const PREPARE_TRIES = 30;

/** Ends the process with its exit code once SIGTERM or SIGINT came, or Kafka or the database could not be reached for too long. */
export async function runStoreProcess(store: Store, environment: Environment, terminal: Terminal): Promise<never> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const logger = createLogger("info");
  const source = kafkaSource(store, environment, logger);
  const code = await follow({ store, source, signal: ending.signal, terminal, logger });
  // Not only `exitCode`: a connection that is still being tried would hold the process up.
  process.exit(code);
}

interface Following {
  readonly store: Store;
  readonly source: MessageSource;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  readonly logger: ApplierLog;
}

/** Prepares the store and applies what the source gives until the signal. */
async function follow({ store, source, signal, terminal, logger }: Following): Promise<number> {
  try {
    await prepared(store, signal, logger);
    if (signal.aborted) return EXIT.done;
    logger.info({ store: store.name }, "the store follows");
    await source.run(new Applier({ store, log: logger }), signal);
    return EXIT.done;
  } catch (error) {
    if (signal.aborted) return EXIT.done;
    // The database or Kafka went away for longer than was waited: whoever supervises the process starts it again.
    terminal.err(`ringfence: The ${store.name} store's process ends: ${textOf(error)}.`);
    return EXIT.damaged;
  } finally {
    await store.close();
  }
}

async function prepared(store: Store, signal: AbortSignal, log: ApplierLog): Promise<void> {
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await store.prepare();
    } catch (error) {
      if (error instanceof StoreError || tries === PREPARE_TRIES) throw error;
      log.warn({ store: store.name, reason: textOf(error) }, "the store cannot be reached yet");
      await sleep(PREPARE_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** A sentence's part, without the full stop that some errors end with. */
function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

function kafkaSource(store: Store, environment: Environment, log: ApplierLog): MessageSource {
  const settings = readKafka(environment);
  if (settings === undefined)
    throw new UsageError("RINGFENCE_KAFKA is not set; a store process reads the results topic.");
  const { brokers, topic, security } = settings;
  const kafka = {
    brokers: [...brokers],
    clientId: `ringfence-store-${store.name}`,
    logLevel: kafkaLogLevel.NOTHING,
    ...kafkaConnection(security),
  };
  const onMissing = () => log.warn({ store: store.name, topic }, "the topic is not there yet");
  return new KafkaSource({ kafka, topic, consumerGroup: `${topic}.store.${store.name}`, onMissing });
}
