/** Real servers for tests, each on a free port with its data in a temporary folder, ended by process id. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds that a server may take until it answers. */
const START_MS = 30_000;

export interface TestServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** kill -9 and wait. */
  kill(): Promise<void>;
  /** Starts it again on the same port; `isEmpty`: without its data. */
  start(isEmpty?: boolean): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface TestDatabase extends TestServer {
  /** Runs statements as the database's administrator. */
  root(statements: string): Promise<void>;
}

/**
 * True if the programs are there. Where they are not, says so loudly, and in CI (CI=true) throws: a test that is left out
 * unseen proves nothing.
 */
export function hasPrograms(programs: readonly string[], packageName: string): boolean {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return true;
  const text = `${missing.join(", ")} not found: the tests against the real server are LEFT OUT. apt-get install ${packageName}`;
  if (process.env.CI === "true") throw new Error(text);
  process.stderr.write(`\n!!! ${text}\n\n`);
  return false;
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

interface Plan {
  readonly port: number;
  readonly url: string;
  /** Makes the server's files in an empty folder. */
  readonly install: (folder: string) => void;
  readonly command: (folder: string) => readonly string[];
  readonly answers: () => boolean;
}

class Server implements TestServer {
  readonly port: number;
  readonly url: string;
  readonly #plan: Plan;
  #folder = "";
  #child: ChildProcess | undefined;
  #output = "";

  constructor(plan: Plan) {
    this.#plan = plan;
    this.port = plan.port;
    this.url = plan.url;
    process.once("exit", () => this.#child?.kill("SIGKILL"));
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async start(isEmpty = false): Promise<void> {
    if (isEmpty || this.#folder === "") this.#renew();
    const [program, ...args] = this.#plan.command(this.#folder);
    const child = spawn(findProgram(program!)!, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const collect = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const endMs = performance.now() + START_MS;
    while (!this.#plan.answers()) {
      if (child.exitCode !== null || performance.now() > endMs) throw new Error(`${program}: ${this.#output}`);
      await sleep(50);
    }
  }

  #renew(): void {
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = mkdtempSync(join(tmpdir(), "ringfence-server-"));
    this.#plan.install(this.#folder);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
  }
}

const ran = (program: string, ...args: string[]): boolean =>
  spawnSync(findProgram(program) ?? program, args, { stdio: "ignore", timeout: 5000 }).status === 0;

/** An empty Redis that writes its data to disk with each command. */
export async function startRedis(...settings: string[]): Promise<TestServer> {
  const port = await freePort();
  const server = new Server({
    port,
    url: `redis://127.0.0.1:${port}`,
    install: () => {},
    command: (folder) => [
      ...["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "no", ...settings],
    ],
    answers: () => ran("redis-cli", "-p", String(port), "ping"),
  });
  await server.start();
  return server;
}

/** An empty MariaDB with the database `ringfence` and its user `ringfence` without a password. */
export async function startMariaDb(...settings: string[]): Promise<TestDatabase> {
  const port = await freePort();
  const user = `--user=${userInfo().username}`;
  const socketOf = (folder: string) => join(folder, "socket");
  let folder = "";
  const plan: Plan = {
    port,
    url: `mysql://ringfence@127.0.0.1:${port}/ringfence`,
    install: (made) => {
      folder = made;
      const args = ["--no-defaults", `--datadir=${made}/data`, user, "--auth-root-authentication-method=normal"];
      const done = spawnSync(findProgram("mariadb-install-db")!, [...args, "--skip-test-db"], { encoding: "utf8" });
      if (done.status !== 0) throw new Error(`mariadb-install-db: ${done.stdout}${done.stderr}`);
    },
    command: (made) => [
      ...["mariadbd", "--no-defaults", `--datadir=${made}/data`, user, `--port=${port}`, "--bind-address=127.0.0.1"],
      ...[`--socket=${socketOf(made)}`, `--pid-file=${made}/pid`, "--innodb-flush-log-at-trx-commit=2", ...settings],
    ],
    answers: () => run(SQL_USER),
  };
  const run = (statements: string) =>
    ran("mariadb", "--no-defaults", `--socket=${socketOf(folder)}`, "-u", "root", "-e", statements);
  const server = new Server(plan);
  await server.start();
  const root = async (statements: string) => {
    if (!run(statements)) throw new Error(`the server refused: ${statements}`);
  };
  return Object.assign(server, { root });
}

const SQL_USER =
  "CREATE DATABASE IF NOT EXISTS ringfence; CREATE USER IF NOT EXISTS ringfence@'127.0.0.1'; GRANT ALL ON *.* TO ringfence@'127.0.0.1'";
