/**
 * `node bench/torture/main.ts --kills 100 [--seed 1] [--clients 6] [--seconds 1800]`: kills a real server under load with SIGKILL,
 * restarts it, and checks every acknowledgement at the end. Exits 1 when anything is wrong.
 */
import { parseArgs } from "node:util";
import { torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    clients: { type: "string", default: "6" },
    seconds: { type: "string", default: "1800" },
  },
});

const result = await torture({
  kills: Number(values.kills),
  seed: Number(values.seed),
  clients: Number(values.clients),
  secondsMax: Number(values.seconds),
  onProgress: (line) => (process.stdout.isTTY ? process.stdout.write(`\r${line}`) : console.log(line)),
});
const { faults, lost, changed, doubled, ...counts } = result;
console.log("");
console.table({ ...counts, lost, changed, doubled });
for (const fault of faults.slice(0, 20)) console.error(fault);
if (faults.length > 0 || lost + changed + doubled > 0) process.exitCode = 1;
else console.log("nothing acknowledged was lost, nothing took effect twice");
