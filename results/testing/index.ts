/** The door to the helpers of tests and benchmarks. */
export { hasBroker, startBroker } from "./kafka-broker.ts";
