/** The door of `gateway/`: what the benchmark and the command line use. */
export { readSettings, type Settings } from "./config.ts";
export { sendAnswer } from "./hot/answer.ts";
export { readBody } from "./hot/body.ts";
export { httpOptions } from "./http-options.ts";
export { groupDirectory } from "./paths.ts";
export { CommandScanner, OrderScanner, type RecordTarget, type ScanContext } from "./scanner/index.ts";
export { type Service, serve, start } from "./serve.ts";
export { Follower } from "./store/follower.ts";
export type { FromGroup, Inspection, ThreadStart, ToGroup } from "./thread/messages.ts";
export { PreparedBlocks } from "./thread/prepared-blocks.ts";
export { portToPageThread, startGroupThread } from "./thread/start.ts";
export { tuneCollector, tuneCompiler } from "./thread/tuning.ts";
