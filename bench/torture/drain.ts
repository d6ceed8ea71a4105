/** Waits, once nobody posts any more, until all that is durable is everywhere. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "./server.ts";
import type { Stage } from "./stage.ts";

/** How long nothing may move while something is missing, ms: longer than Kafka takes to give up a dead member of a consumer group. */
const STILL_MS_MAX = 90_000;

export interface DrainedSequence {
  /** The durable end. */
  readonly sequence: number;
  readonly faults: readonly string[];
}

interface Standing {
  readonly sequence: number;
  readonly published: number;
  readonly stores: readonly { readonly name: string; readonly watermark: number }[];
}

export interface DrainOptions {
  /** For so long the sequence must stand still, ms: holds may yet expire. */
  readonly quietMs: number;
  readonly onProgress: ((line: string) => void) | undefined;
}

export async function drain({ server }: Stage, { quietMs, onProgress }: DrainOptions): Promise<DrainedSequence> {
  let text = "";
  let movedAt = performance.now();
  for (;;) {
    const standing = await look(server);
    const { sequence, published, stores } = standing;
    const shown = `draining: durable ${sequence}, published ${published}, ${stores.map(({ name, watermark }) => `${name} ${watermark}`).join(", ")}`;
    if (shown !== text) {
      text = shown;
      movedAt = performance.now();
      onProgress?.(shown);
    }
    const stillMs = performance.now() - movedAt;
    const isEverywhere = published === sequence && stores.every(({ watermark }) => watermark === sequence);
    if (isEverywhere && stores.length === 3 && stillMs > quietMs) return { sequence, faults: [] };
    if (stillMs > STILL_MS_MAX) return { sequence, faults: [`it does not drain; ${shown}`] };
    await sleep(250);
  }
}

async function look(server: Server): Promise<Standing> {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${server.adminKey}` } });
    return response.json();
  };
  const { groups } = (await get("/v1/admin/groups")) as { groups: { sequence: number; published: number }[] };
  const { stores } = (await get("/v1/admin/stores")) as Pick<Standing, "stores">;
  return { sequence: groups[0]!.sequence, published: groups[0]!.published, stores };
}
