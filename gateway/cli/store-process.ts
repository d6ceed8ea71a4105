/** A store process: follows the results topic into one store until it is told to stop. */
import { logLevel as kafkaLogLevel } from "kafkajs";
import { Applier, KafkaSource, type MessageSource, type Store } from "../../stores/index.ts";
import { createLogger } from "../logger.ts";
import { EXIT, UsageError } from "./terminal.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Milliseconds between tries to reach a store at the start: it may be started beside its database. */
const PREPARE_MS = 1000;
const PREPARE_TRIES = 30;

/** Resolves with the exit code once SIGTERM or SIGINT ended it. */
export async function runStoreProcess(store: Store, environment: Environment): Promise<number> {
  const ending = new AbortController();
  const stop = () => ending.abort();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const source = kafkaSource(store, environment);
  return follow({ store, source, signal: ending.signal });
}

export interface Following {
  readonly store: Store;
  readonly source: MessageSource;
  readonly signal: AbortSignal;
}

/** Prepares the store and applies what the source gives until the signal. */
export async function follow({ store, source, signal }: Following): Promise<number> {
  const logger = createLogger("info");
  try {
    for (let tries = 1; ; tries++) {
      try {
        await store.prepare();
        break;
      } catch (error) {
        const isFinal = (error instanceof Error && error.name === "StoreError") || tries === PREPARE_TRIES;
        if (isFinal || signal.aborted) throw error;
        logger.warn({ err: error }, "the store cannot be reached yet");
        await new Promise((resolve) => setTimeout(resolve, PREPARE_MS));
      }
    }
    logger.info({ store: store.name }, "the store follows");
    await source.run(new Applier({ store, log: logger }), signal);
    return EXIT.done;
  } catch (error) {
    // The database or Kafka went away for longer than was waited: whoever supervises the process starts it again.
    logger.error({ err: error }, `the ${store.name} store's process ends`);
    return EXIT.damaged;
  } finally {
    await store.close();
  }
}

function kafkaSource(store: Store, environment: Environment): MessageSource {
  const brokers = environment.RINGFENCE_KAFKA?.split(",").map((broker) => broker.trim());
  if (brokers === undefined || brokers.includes("")) {
    throw new UsageError("RINGFENCE_KAFKA is not set; a store process reads the results topic.");
  }
  const topic = environment.RINGFENCE_KAFKA_TOPIC ?? "ringfence.results";
  const kafka = { brokers, clientId: `ringfence-store-${store.name}`, logLevel: kafkaLogLevel.NOTHING };
  return new KafkaSource({ kafka, topic, consumerGroup: `${topic}.store.${store.name}` });
}
