/** The door to the helpers of tests and benchmarks. */
export { freePort, hasPrograms, startMariaDb, startRedis, type TestServer } from "./servers.ts";
