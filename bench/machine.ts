/** What a figure was measured on: without it a figure says nothing. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

export interface MachineText {
  /** Processor, cores, memory, system. */
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
}

export function machineText(): MachineText {
  const processors = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  const name = processors[0]?.model.trim() ?? "unknown processor";
  return {
    machine: `${name}, ${processors.length} cores, ${memory}, ${process.platform} ${process.arch}`,
    node: process.version,
    commit: commit(),
  };
}

/** Lines that name processor, memory, Node version and commit. */
export function describeMachine(text: MachineText = machineText()): string[] {
  return [`Machine    ${text.machine}`, `Node       ${text.node}`, `Commit     ${text.commit}`];
}

/** The same for programs. */
export function machineFacts(): { readonly machine: string; readonly node: string; readonly commit: string } {
  const [machine, node, hash] = describeMachine().map((line) => line.slice(11));
  return { machine: machine!, node: node!, commit: hash! };
}

/** Short hash of the commit, with `, changed` when files differ from it; `unknown` outside a repository. */
function commit(): string {
  try {
    const hash = git("rev-parse", "--short=12", "HEAD");
    return git("status", "--porcelain") === "" ? hash : `${hash}, changed`;
  } catch {
    return "unknown";
  }
}

function git(...args: string[]): string {
  return execFileSync("git", args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
