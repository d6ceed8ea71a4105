/** Rows `sqlite`, `redis` and `sql`: from the journal, or from the topic, into a store, as the service and the store processes do it. */
import { logLevel } from "kafkajs";
import { Follower } from "../../gateway/index.ts";
import { Applier, compareBalances, KafkaSource, type Store } from "../../stores/index.ts";
import { type Backlog, GROUP } from "./backlog.ts";
import { Meter, type Processes, type Round, until } from "./meter.ts";

/** One round of the embedded store, which reads the journal. The store is prepared and empty. */
export async function journalRound(backlog: Backlog, store: Store): Promise<Round> {
  const { directory, last } = backlog;
  const complaints: string[] = [];
  const follower = new Follower({ group: GROUP, directory, store, note: ({ text }) => void complaints.push(text) });
  const followTo = async (sequence: number) => {
    while (follower.status.watermark < sequence) {
      await follower.step(last, performance.now());
      if (complaints[0] !== undefined) throw new Error(complaints[0]);
    }
    return follower.status.watermark;
  };
  const from = await followTo(last / 5);
  const meter = new Meter({});
  await followTo(last);
  const round = meter.stop(last - from);
  follower.close();
  await checkStore(store, backlog);
  return round;
}

export interface TopicPlace {
  readonly brokers: string;
  readonly topic: string;
  /** No other round has it. */
  readonly consumerGroup: string;
}

/** One round of a store that reads the topic, which has the whole backlog. The store is prepared and empty. */
export async function topicRound(
  backlog: Backlog,
  store: Store,
  { brokers, topic, consumerGroup }: TopicPlace,
  processes: Processes,
): Promise<Round> {
  const { last } = backlog;
  const complaints: string[] = [];
  const complain = (fields: object, text: string) => void complaints.push(`${text} ${JSON.stringify(fields)}`);
  const applier = new Applier({ store, log: { info: () => {}, warn: complain, error: complain } });
  const ending = new AbortController();
  const kafka = { brokers: brokers.split(","), clientId: "ringfence-bench", logLevel: logLevel.NOTHING };
  const running = new KafkaSource({ kafka, topic, consumerGroup }).run(applier, ending.signal);
  // Awaited below.
  running.catch((error: unknown) => complaints.push(String(error)));
  try {
    const watermark = () => applier.groups.get(GROUP)?.watermark ?? 0;
    const fault = () => complaints[0];
    await until(() => watermark() >= last / 5, fault);
    const from = watermark();
    const meter = new Meter(processes);
    await until(() => watermark() === last, fault);
    const round = meter.stop(last - from);
    await checkStore(store, backlog);
    return round;
  } finally {
    ending.abort();
    await running;
  }
}

/** Every account is as in the engine. */
async function checkStore(store: Store, { last, balances }: Backlog): Promise<void> {
  const { sequence } = await store.watermark(GROUP);
  if (sequence !== last) throw new Error(`${store.name}: the watermark is ${sequence}, not ${last}`);
  const { differences } = await compareBalances(store, GROUP, balances());
  if (differences.length > 0)
    throw new Error(`${store.name}: ${differences.length} accounts differ: ${differences[0]}`);
}
