import { setFlagsFromString } from "node:v8";

/**
 * Lets the compiler inline the state machine's small functions into each other: its default budget ends half way through one
 * command. A quarter less time a command; see docs/decisions/0008. To be called before the first command is applied.
 */
export function tuneCompiler(): void {
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=4000");
  setFlagsFromString("--max-inlined-bytecode-size=1500");
}
