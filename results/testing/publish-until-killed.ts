/** A process that only publishes; its parent tells it by IPC how far the journal is durable, and kills it at will. */
import { Publisher } from "../publisher/publisher.ts";

const [brokers = "", topic = "", directory = ""] = process.argv.slice(2);
const tell = (_: object, text: string) => process.stderr.write(`${text}\n`);
const publisher = new Publisher({
  brokers: brokers.split(","),
  topic,
  groups: [{ name: "g0", index: 0, directory }],
  log: { info: tell, warn: tell, error: tell },
});
publisher.start();
process.on("message", (durable: number) => publisher.advance("g0", durable));
process.on("disconnect", () => process.exit(0));
setInterval(() => process.send?.(publisher.stats("g0").published), 10);
