/** Buckets of the service's own making: through the same scanner and ring as a partner's, so by the same rules. */
import { type Names, type Result, renderRecords } from "../../results/index.ts";
import type { CommandInput, Commands, SubmitOptions } from "../commands.ts";
import { ApiError } from "../errors.ts";
import type { GroupLink } from "../link/group-link.ts";
import { lossOf, type Reply, replyFault, type Waiting } from "../link/pending.ts";
import type { Partner, Registry } from "../registry/index.ts";
import { CommandScanner } from "../scanner/index.ts";
import { ScanContexts } from "./scan-contexts.ts";
import { sendBucket } from "./send-bucket.ts";

const WAIT_MS_DEFAULT = 10_000;

export interface SubmitterOptions {
  readonly registry: Registry;
  readonly linkOf: (group: string) => GroupLink | undefined;
  readonly names: Names;
}

export class Submitter implements Commands {
  readonly #options: SubmitterOptions;
  readonly #contexts: ScanContexts;
  readonly #scanner = new CommandScanner();

  constructor(options: SubmitterOptions) {
    this.#options = options;
    this.#contexts = new ScanContexts(options.registry);
  }

  async submit(partner: Partner, commands: readonly CommandInput[], options: SubmitOptions = {}): Promise<Result[]> {
    const { atomic = false, waitMs = WAIT_MS_DEFAULT } = options;
    const link = this.#options.linkOf(partner.group.name);
    if (link === undefined) throw new ApiError("GROUP_DOWN", `Group ${partner.group.name} is not served here.`);
    const body = Buffer.from(JSON.stringify({ commands, atomic }));
    const context = this.#contexts.of(partner);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        deadline: performance.now() + waitMs,
        settle: (reply) => {
          // A throw here would reach the loop that hands out the answers of others.
          try {
            resolve(this.#resultsOf(reply));
          } catch (error) {
            reject(error);
          }
        },
        lost: (why) => reject(lossOf(why)),
      };
      sendBucket(body, { scanner: this.#scanner, link, context, withResults: true, waiting });
    });
  }

  #resultsOf(reply: Reply): Result[] {
    const fault = replyFault(reply);
    if (fault !== undefined) throw fault;
    const { memory, start, end, sequence, timeMs } = reply;
    const texts = renderRecords(memory, start, end, sequence, timeMs, this.#options.names);
    return texts.map((text) => JSON.parse(text) as Result);
  }
}
