import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./terminal.ts";

/** Reads a command's arguments strictly. Throws UsageError with one sentence that says what is wrong and where more is told. */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  command: string,
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's message is a sentence or more; the first says what is wrong.
    const message = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? "") : String(error);
    throw new UsageError(`${message.replace(/\.$/, "")}; ringfence ${command} --help tells more.`);
  }
}
