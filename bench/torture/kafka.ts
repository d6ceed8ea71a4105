/**
 * `node bench/torture/kafka.ts --kills 200 [--seed 1] [--clients 4] [--seconds 1800]`: kills the service, store processes, a real
 * Kafka broker, Redis and MariaDB under load, and checks topic and stores at the end. Exits 1 when anything is wrong.
 */
import { parseArgs } from "node:util";
import { hasBroker } from "../../results/testing/kafka-broker.ts";
import { hasPrograms } from "../../stores/testing/index.ts";
import { kafkaTorture } from "./kafka-torture.ts";
import { DATABASE_PROGRAMS } from "./stage.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    clients: { type: "string", default: "4" },
    seconds: { type: "string", default: "1800" },
  },
});

// kafkajs 2.2.4 asks for timers in the past, which does no harm, and Node 24 warns of each.
process.removeAllListeners("warning");

if (!hasBroker() || !hasPrograms(DATABASE_PROGRAMS, "redis-server mariadb-server")) process.exit(1);

const { kills, compared, faults, ...counts } = await kafkaTorture({
  kills: Number(values.kills),
  seed: Number(values.seed),
  clients: Number(values.clients),
  secondsMax: Number(values.seconds),
  onProgress: (line) => (process.stdout.isTTY ? process.stdout.write(`\r\x1b[K${line}`) : console.log(line)),
});
console.log("");
console.table({ ...kills });
console.table(counts);
for (const line of compared) console.log(line);
for (const fault of faults.slice(0, 20)) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log("the topic has every result once; the stores, and balances from the topic alone, equal the engine");
// kafkajs leaves timers behind.
process.exit();
