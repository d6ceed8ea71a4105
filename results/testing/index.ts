/** The door of `results/testing/`: for the tests and benchmarks of other folders. */
export { hasBroker, type KafkaBroker, startBroker, whyNoBroker } from "./kafka-broker.ts";
