/** The group `g0` of a new data folder as the gateway's parts see it, without HTTP; stopped after the running test. */
import { onTestFinished } from "vitest";
import { readSettings } from "../config.ts";
import { Groups, namesOf } from "../groups.ts";
import { Submitter } from "../hot/submitter.ts";
import { createLogger } from "../logger.ts";
import { Registry } from "../registry/index.ts";
import { temporaryFolder } from "../testing.ts";

export async function startGroup() {
  const settings = readSettings({ RINGFENCE_DATA: temporaryFolder(), RINGFENCE_SEGMENT_MB: "16" });
  const { registry } = Registry.open({ ...settings, url: "http://127.0.0.1" });
  const groups = new Groups({
    settings,
    registry,
    log: createLogger("silent"),
    onDurable: () => {},
    publishing: () => undefined,
    verify: () => Promise.reject(new Error("nothing is verified here")),
  });
  await groups.start();
  onTestFinished(async () => {
    await groups.stop();
    registry.close();
  });
  const linkOf = (group: string) => groups.link(group);
  return {
    link: linkOf("g0")!,
    commands: new Submitter({ registry, linkOf, names: namesOf(registry) }),
    partner: registry.partner("demo")!,
  };
}
