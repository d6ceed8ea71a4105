/** POST /onePass/initRedisCache: the Redis store filled again from the journal, by the code of `ringfence store rebuild`, in a thread. */
import { Worker } from "node:worker_threads";
import { ApiError } from "../../errors.ts";
import { groupDirectory } from "../../paths.ts";

export interface RebuildStart {
  readonly redis: string;
  readonly group: string;
  readonly directory: string;
}

/** `lines`: what the command would have printed. */
export interface Rebuilt {
  readonly isDone: boolean;
  readonly lines: readonly string[];
}

export class RedisCache {
  readonly #redis: string | undefined;
  readonly #data: string;
  /** Groups that are being rebuilt: who asks meanwhile gets the same answer. */
  readonly #running = new Map<string, Promise<Rebuilt>>();
  readonly #workers = new Set<Worker>();

  constructor({ redis, data }: { readonly redis: string | undefined; readonly data: string }) {
    this.#redis = redis;
    this.#data = data;
  }

  /** Rebuilds a group's balances. Throws STORE_DOWN where there is no Redis store, or it could not be filled. */
  async rebuild(group: string): Promise<Rebuilt> {
    const redis = this.#redis;
    if (redis === undefined) throw new ApiError("STORE_DOWN", "RINGFENCE_REDIS is not set: there is no Redis store.");
    const running =
      this.#running.get(group) ?? this.#run({ redis, group, directory: groupDirectory(this.#data, group) });
    this.#running.set(group, running);
    try {
      const rebuilt = await running;
      if (!rebuilt.isDone)
        throw new ApiError("STORE_DOWN", `The Redis store is not rebuilt: ${rebuilt.lines.join(" ")}`);
      return rebuilt;
    } finally {
      this.#running.delete(group);
    }
  }

  #run(start: RebuildStart): Promise<Rebuilt> {
    const worker = new Worker(new URL("./redis-cache-thread.ts", import.meta.url), { workerData: start });
    this.#workers.add(worker);
    return new Promise((resolve) => {
      worker.once("message", resolve);
      worker.once("error", (error) => resolve({ isDone: false, lines: [messageOf(error)] }));
      worker.once("exit", () => {
        this.#workers.delete(worker);
        resolve({ isDone: false, lines: ["it was interrupted."] });
      });
    });
  }

  /** Breaks off what runs: a rebuild that is begun again begins anew. */
  async stop(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
