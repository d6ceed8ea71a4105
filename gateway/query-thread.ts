import type { Settings } from "./config.ts";
import { ApiError } from "./errors.ts";
import type { History, ResultLog, ResultLogs, VerifyReport } from "./group.ts";

/** The thread that reads journals for results, past balances and verification. */
export class QueryThread implements History, ResultLogs {
  readonly settings: Settings;
  constructor(settings: Settings) {
    this.settings = settings;
  }
  advance(_group: string, _sequence: number): void {}
  byGroup(_name: string): ResultLog | undefined {
    return undefined;
  }
  balanceAt(): Promise<undefined> {
    return Promise.reject(new ApiError("INTERNAL"));
  }
  verify(_group: string, _through: number): Promise<VerifyReport> {
    return Promise.reject(new ApiError("INTERNAL"));
  }
  async close(): Promise<void> {}
}
