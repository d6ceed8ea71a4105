/** Row `publish`: from the journal into a topic of a real broker. */
import { Kafka, logLevel } from "kafkajs";
import { Publisher } from "../../results/index.ts";
import { type Backlog, GROUP } from "./backlog.ts";
import { Meter, type Round, until } from "./meter.ts";

export interface BrokerPlace {
  readonly address: string;
  /** Undefined for a broker that is not ours. */
  readonly pid: number | undefined;
}

/** One round into a new topic. Clock and processor time run from the first fifth to the last acknowledgement. */
export async function publishRound(backlog: Backlog, broker: BrokerPlace, topic: string): Promise<Round> {
  const { directory, last } = backlog;
  const complaints: string[] = [];
  const complain = (fields: object, text: string) => void complaints.push(`${text} ${JSON.stringify(fields)}`);
  const log = { info: () => {}, warn: complain, error: complain };
  const groups = [{ name: GROUP, index: 0, directory }];
  const publisher = new Publisher({ brokers: broker.address.split(","), topic, groups, log });
  publisher.start();
  try {
    publisher.advance(GROUP, last);
    const published = () => publisher.stats(GROUP).published;
    const fault = () => complaints[0];
    await until(() => published() >= last / 5, fault);
    const from = published();
    const meter = new Meter({ broker: broker.pid });
    await until(() => published() === last, fault);
    const round = meter.stop(last - from);
    const { records, errors } = publisher.stats(GROUP);
    const end = await endOf(broker.address, topic);
    if (errors !== 0 || end !== BigInt(records)) throw new Error(`${records} records were sent, the topic has ${end}`);
    return round;
  } finally {
    await publisher.stop();
  }
}

async function endOf(brokers: string, topic: string): Promise<bigint> {
  const admin = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return BigInt(offsets[0]!.high);
}
