/** Entry of `make benchmark`. */
import { SettingError, withFolder } from "./environment.ts";
import { benchmark } from "./http/benchmark.ts";
import { Progress } from "./http/progress.ts";
import { reportOf } from "./http/report.ts";
import { HTTP_HELP, readHttpSettings } from "./http/settings.ts";

async function main(): Promise<number> {
  const settings = readHttpSettings(process.env);
  const progress = new Progress();
  const outcome = await withFolder(process.env, (folder) =>
    benchmark(settings, folder, (part, what) => progress.show(part, what)),
  ).finally(() => progress.end());
  process.stdout.write(`${reportOf(settings, outcome).join("\n")}\n`);
  return outcome.faults.length === 0 ? 0 : 1;
}

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  process.stdout.write(`${HTTP_HELP}\n`);
} else {
  // An interrupt ends by way of `exit`, whose listeners stop the servers and remove the data folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof SettingError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`benchmark: ${text}\n`);
    process.exitCode = 1;
  }
}
