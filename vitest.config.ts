import { defineConfig } from "vitest/config";

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    pool: "forks",
    // Two cores: more workers would only take the processor from the servers that tests start.
    maxWorkers: 2,
    // As the service has it: see gateway/thread/tuning.ts.
    execArgv: ["--no-wasm-code-gc"],
    // There to end a test that hangs, not to time one: on a slow day the longest, all crash points of the journal, takes over a minute.
    testTimeout: 240_000,
  },
});
