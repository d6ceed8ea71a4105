import { expect, test } from "vitest";
import { digestOf, Registry } from "./registry/index.ts";
import { ServiceRotation, secretStates } from "./service-rotation.ts";
import { temporaryFolder } from "./testing.ts";

const DAY = 86_400_000;
const period = { rotationMs: 90 * DAY, overlapMs: 7 * DAY };

function setUp(given: { rotationMs: number | undefined; overlapMs: number } = period) {
  let now = 1_000 * DAY;
  const data = temporaryFolder();
  const { registry } = Registry.open({ data, groups: ["g0"], adminKeyDigests: [], url: "", now: () => now });
  const lines: string[] = [];
  const say = (level: string) => (fields: object, text: string) =>
    lines.push(`${level} ${JSON.stringify(fields)} ${text}`);
  const log = { info: say("info"), warn: say("warn"), error: say("error") };
  const rotation = new ServiceRotation({ registry, period: given, log, now: () => now });
  const pass = (days: number) => {
    now += days * DAY;
    rotation.look();
  };
  return { registry, rotation, lines, pass };
}

test("a secret older than the period is due, which the log is told once a day, and works on", () => {
  const { registry, rotation, lines, pass } = setUp();
  const { secret } = registry.addService("gateway");
  pass(89);
  expect([rotation.states()[0]?.due, lines]).toEqual([false, []]);
  pass(1);
  expect(rotation.states()).toMatchObject([{ id: "gateway", version: 1, current: true, due: true, endsMs: undefined }]);
  pass(0.5);
  expect(lines).toEqual([expect.stringMatching(/^warn .*"gateway","version":1.* is due/)]);
  pass(0.5);
  expect(lines).toHaveLength(2);
  pass(3650);
  expect(registry.principalOf(digestOf(secret))).toMatchObject({ kind: "service", id: "gateway" });
});

test("behind its successor a secret works for the overlap, and not longer; the successor is then the only one", () => {
  const { registry, rotation, lines, pass } = setUp();
  const first = registry.addService("gateway");
  pass(100);
  const second = registry.addService("gateway");
  const other = registry.addService("other");
  expect(rotation.states().map(({ id, version, current, due }) => [id, version, current, due])).toEqual([
    ["gateway", 1, false, false],
    ["gateway", 2, true, false],
    ["other", 1, true, false],
  ]);
  pass(6);
  expect(registry.principalOf(digestOf(first.secret))).toMatchObject({ version: 1, current: 2 });
  expect(registry.principalOf(digestOf(second.secret))).toMatchObject({ version: 2, current: 2 });
  pass(1);
  expect(registry.principalOf(digestOf(first.secret))).toBeUndefined();
  expect(registry.principalOf(digestOf(second.secret))).toMatchObject({ version: 2, current: 2 });
  expect(registry.principalOf(digestOf(other.secret))).toMatchObject({ version: 1, current: 1 });
  expect(lines.at(-1)).toMatch(/^info .*"gateway","version":1.* revoked/);
});

test("without a period nothing is due and nothing ends", () => {
  const { registry, lines, pass } = setUp({ ...period, rotationMs: undefined });
  const first = registry.addService("gateway");
  registry.addService("gateway");
  pass(10_000);
  expect(registry.principalOf(digestOf(first.secret))).toMatchObject({ version: 1, current: 2 });
  expect(lines).toEqual([]);
});

test("a version that was revoked by hand leaves the older one current", () => {
  const { registry, rotation } = setUp();
  registry.addService("gateway");
  registry.addService("gateway");
  registry.revokeService("gateway", 2);
  expect(rotation.states()).toMatchObject([{ version: 1, current: true, endsMs: undefined }]);
  expect(secretStates([], period, 0)).toEqual([]);
});

test("what cannot be revoked is tried again", () => {
  const { registry, lines, pass, rotation } = setUp();
  registry.addService("gateway");
  registry.addService("gateway");
  registry.close();
  pass(8);
  expect(lines).toEqual([expect.stringMatching(/^error .*could not be revoked/)]);
  expect(rotation.states()).toHaveLength(2);
});
