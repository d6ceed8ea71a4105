/** What the entries of benchmarks share. */
import { SettingError } from "../environment.ts";

/** Prints help when it is asked for; else runs `main`, whose result is the exit code. An operator's mistake gets one line. */
export async function runEntry(name: string, help: string, main: () => Promise<number>): Promise<void> {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    process.stdout.write(`${help}\n`);
    return;
  }
  // An interrupt ends by way of `exit`, whose listeners stop the servers and remove the data folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof SettingError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${name}: ${text}\n`);
    process.exitCode = 1;
  }
}
