/** The door of the third party's simulator. */
export { BEHAVIOUR_DEFAULT, type Behaviour } from "./faults.ts";
export { type FullTruth, Simulator } from "./server.ts";
