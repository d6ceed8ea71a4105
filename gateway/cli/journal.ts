/** `ringfence journal verify|dump|replay`: looks at a group's journal, also beside a running server. Changes nothing. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { groupDirectory } from "../paths.ts";
import { parseArguments } from "./arguments.ts";
import { dump } from "./journal-dump.ts";
import { replayAndPrint } from "./journal-replay.ts";
import { verifyAndPrint } from "./journal-verify.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

const HELP = `Usage: ringfence journal verify <data folder> [--group <name>]
       ringfence journal dump <data folder> --group <name> [--after <sequence>] [--limit <results>] [--hex]
       ringfence journal replay <data folder> --group <name> [--at <sequence or time>] [--account <partner>/<account>/<currency>]

verify   checks every frame, link and snapshot; of all groups unless one is named
dump     prints a JSON line for each frame's header and each result; --hex adds the records' bytes
replay   rebuilds the state as of a sequence (digits) or a time (2026-11-20T08:00:00Z), the end unless given, comparing every
         result on the way; prints balances, trial balance and state hash

Exit codes: 0 all is well, 1 the files are damaged or do not reach back so far, 2 the command was not understood. They
read only; a journal in use is read up to its last complete frame.`;

const OPTIONS = {
  group: { type: "string" },
  after: { type: "string" },
  limit: { type: "string" },
  hex: { type: "boolean" },
  at: { type: "string" },
  account: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parse>["values"];

const parse = (args: readonly string[]) => parseArguments("journal", args, OPTIONS);

/** What each action understands beside the data folder. */
const ALLOWED: Readonly<Record<string, readonly (keyof Values)[]>> = {
  verify: ["group"],
  dump: ["group", "after", "limit", "hex"],
  replay: ["group", "at", "account"],
};

export async function journalCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    await terminal.out(HELP);
    return EXIT.done;
  }
  const [action, data, ...more] = positionals;
  const allowed = action === undefined ? undefined : ALLOWED[action];
  if (action === undefined || allowed === undefined) {
    throw new UsageError("journal needs an action: verify, dump or replay; ringfence journal --help tells more.");
  }
  if (data === undefined) throw new UsageError(`journal ${action} needs the data folder.`);
  if (more.length > 0)
    throw new UsageError(`journal ${action} takes one data folder, not ${JSON.stringify(more[0])} too.`);
  const foreign = (Object.keys(values) as (keyof Values)[]).find((name) => !allowed.includes(name));
  if (foreign !== undefined) throw new UsageError(`journal ${action} has no option --${foreign}.`);
  if (action === "verify") return verifyAndPrint(foldersOf(data, values.group), terminal);
  if (values.group === undefined) throw new UsageError(`journal ${action} needs --group.`);
  const directory = folderOf(data, values.group);
  if (action === "dump") {
    const { after = "0", limit, hex = false } = values;
    const dumped = {
      after: whole("after", after),
      limit: limit === undefined ? undefined : whole("limit", limit),
      hex,
    };
    return dump({ group: values.group, directory, ...dumped }, terminal);
  }
  return replayAndPrint({ group: values.group, directory, at: values.at, account: values.account }, terminal);
}

function whole(option: string, text: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text))
    throw new UsageError(`--${option} must be a whole number, not ${JSON.stringify(text)}.`);
  return Number(text);
}

/** The folder of a group that has a journal. */
function folderOf(data: string, group: string): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(group))
    throw new UsageError(`${JSON.stringify(group)} is not a group's name.`);
  const directory = groupDirectory(data, group);
  const files = existsSync(directory) ? readdirSync(directory) : [];
  if (files.some((file) => file.endsWith(".seg") || file.endsWith(".snap"))) return directory;
  throw new UsageError(`there is no journal in ${directory}.`);
}

function foldersOf(data: string, group: string | undefined): { group: string; directory: string }[] {
  if (group !== undefined) return [{ group, directory: folderOf(data, group) }];
  const parent = join(groupDirectory(data, "g"), "..");
  const names = existsSync(parent) ? readdirSync(parent).sort() : [];
  if (names.length === 0) throw new UsageError(`there are no groups in ${parent}.`);
  return names.map((name) => ({ group: name, directory: folderOf(data, name) }));
}
