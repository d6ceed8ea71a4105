/**
 * A service that follows the results topic and prints one line a result:
 *
 *     node results/consumer/example.ts 127.0.0.1:19092 [topic] [consumer group]
 */
import { logLevel } from "kafkajs";
import { eachResult, ResultsConsumer } from "./consumer.ts";

const [brokers = "127.0.0.1:19092", topic = "ringfence.results", consumerGroup = "example"] = process.argv.slice(2);

const consumer = new ResultsConsumer({
  kafka: { brokers: brokers.split(","), clientId: "example", logLevel: logLevel.NOTHING },
  topic,
  consumerGroup,
  onResults: eachResult(({ sequence, id, type, code, account, available }, { group }) => {
    process.stdout.write(`${group} ${sequence} ${id} ${type} ${code} ${account ?? "-"} ${available ?? "-"}\n`);
  }),
  onAlarm: ({ kind, message }) => process.stderr.write(`ALARM ${kind}: ${message}\n`),
});
await consumer.start();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void consumer.stop().then(() => process.exit(0)));
}
