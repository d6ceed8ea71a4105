import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing.ts";
import { child, childServing, pause } from "./server.ts";

const credit = (id: string) => ({ id, type: "credit", account: "alice", amount: "1.00" });
/** One line, and no stack: what an operator reads. */
const ONE_LINE = /^ringfence: [^\n]+\n$/;

test("SIGTERM answers what was taken, writes a snapshot, exits 0, and the next start has the same state", async () => {
  const data = temporaryFolder();
  const first = await childServing({}, data);
  const answers = Array.from({ length: 20 }, (_, i) => first.demo.post([credit(`c${i}`)]));
  await answers[0];
  const before = await Promise.all(answers);
  const { stateHash } = await first.group();
  const last = first.demo.post([credit("last")]).catch(() => undefined);
  first.process.kill("SIGTERM");
  const ended = await first.ended;
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  for (const answer of before) expect(answer.status).toBe(200);
  expect(readdirSync(join(data, "groups", "g0")).filter((file) => file.endsWith(".snap"))).toHaveLength(1);
  const answered = await last;
  const second = await childServing({}, data);
  const found = await second.group();
  expect(found.snapshotSequence).toBe(found.sequence);
  if (answered?.status === 200) expect(found.sequence).toBe(21);
  else if (found.sequence === 20) expect(found.stateHash).toBe(stateHash);
});

test("SIGTERM in the moment in which the service says that it serves, or before, ends it with exit code 0", async () => {
  for (const when of ["once it serves", "as soon as it listens"]) {
    const data = temporaryFolder();
    const made = child({ DATA: data, PORT: "0", LOG_LEVEL: "silent", SEGMENT_MB: "16", MIN_FREE_MB: "0" });
    if (when === "once it serves") await made.serves;
    // The group's folder is made by its thread, which is started behind the listener.
    else while (!existsSync(join(data, "groups", "g0"))) await pause(1);
    made.process.kill("SIGTERM");
    const { code, stderr } = await made.ended;
    expect([when, code, stderr]).toEqual([when, 0, ""]);
  }
});

test("after kill -9 everything that was answered is there, and nothing keeps the folder locked", async () => {
  const data = temporaryFolder();
  const first = await childServing({}, data);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => first.demo.post([credit(`k${i}`)])));
  const before = await first.group();
  first.process.kill("SIGKILL");
  await first.ended;
  const second = await childServing({}, data);
  expect((await second.group()).stateHash).toBe(before.stateHash);
  for (const { body } of answers) {
    const { id, sequence } = body.results![0]!;
    expect((await second.demo.get(`/v1/commands/${id}`)).body.sequence).toBe(sequence);
  }
});

test("a second process on the same data folder is refused with one plain line, and the first serves on", async () => {
  const first = await childServing();
  const second = await child({ DATA: first.data, PORT: "0" }).ended;
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(ONE_LINE);
  expect(second.stderr).toContain("is in use by another process");
  expect((await first.demo.one(credit("a"))).code).toBe("OK");
});

test("a port that is taken is told in one plain line, with exit code 1", async () => {
  const first = await childServing();
  const { port } = new URL(first.url);
  const second = await child({ DATA: temporaryFolder(), PORT: port, LOG_LEVEL: "silent" }).ended;
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(ONE_LINE);
  expect(second.stderr).toContain(`Cannot listen on 127.0.0.1:${port}`);
  expect(second.stderr).toContain("or set RINGFENCE_PORT to another port");
  const settings = { DATA: temporaryFolder(), PORT: "0", ADMIN_PORT: port, LOG_LEVEL: "silent" };
  expect((await child(settings).ended).stderr).toContain("or set RINGFENCE_ADMIN_PORT to another port");
});

test.each([
  [{ PORT: "http" }, "RINGFENCE_PORT"],
  [{ PROT: "8080" }, "RINGFENCE_PROT"],
  [{ GROUPS: "g0,g0" }, "RINGFENCE_GROUPS"],
  [{ SEGMENT_MB: "0" }, "RINGFENCE_SEGMENT_MB"],
  [{ DATA: "/proc/nowhere" }, "/proc/nowhere"],
  [{ HOST: "0.0.0.0" }, "RINGFENCE_ADMIN_KEY_SHA256"],
])("settings %o stop the start with one plain line that names the fault", async (environment, named) => {
  const { code, stderr } = await child({ DATA: temporaryFolder(), PORT: "0", ...environment }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(ONE_LINE);
  expect(stderr).toContain(named);
});

test("a process that was stopped for a while goes on where it was", async () => {
  const { demo, process: running } = await childServing();
  await demo.one(credit("a"));
  running.kill("SIGSTOP");
  const waiting = demo.one(credit("b"));
  await pause(1500);
  running.kill("SIGCONT");
  expect(await waiting).toMatchObject({ sequence: 2, available: "2.00" });
});
