/** The door to the helpers of tests and benchmarks. */
export { type KafkaBroker, startBroker, whyNoBroker } from "./kafka-broker.ts";
