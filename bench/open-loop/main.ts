/** Entry of the open-loop generator: a process of its own, so that nothing else delays its clock. The load comes as an argument. */
import type { Load } from "../http/measured.ts";
import { runOpenLoop } from "./generator.ts";

process.on("SIGTERM", () => process.exit(143));
try {
  const report = await runOpenLoop(JSON.parse(process.argv[2] ?? "{}") as Load);
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
