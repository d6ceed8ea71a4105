import { defineConfig } from "vitest/config";

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    pool: "forks",
    // Two cores: more workers would only take the processor from the servers that tests start.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
