import { setFlagsFromString } from "node:v8";

/**
 * Lets the compiler inline the state machine's small functions into each other: its default budget ends half way through one
 * command. A quarter less time a command; see docs/decisions/0008. To be called before the first command is applied.
 */
export function tuneCompiler(): void {
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=4000");
  setFlagsFromString("--max-inlined-bytecode-size=1500");
}

/**
 * Keeps what is made for a request among the young. With hundreds of requests under way many outlive a collection, and V8 then makes
 * such objects among the old ones at once ("allocation site pretenuring"), where they lie dead until the next full collection and keep
 * alive the young that they refer to: two fifths of the young survived each time, and collections took 15 to 40 ms instead of 3. See
 * docs/decisions/0019. For the whole process; to be called before requests come.
 */
export function tuneCollector(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}

/**
 * Leaves compiled WebAssembly where it is. Node strips types by it, anew in each thread; where dead code of it is freed V8 may find its
 * books wrong and end the process ("Check failed: jit_page_->allocations_.erase", as in nodejs/node issue 64500): it ended tests twice,
 * in some hundreds of runs. Not repeated at will, so that this ends it is not shown. It is a few MB at most. For the whole process; to be called
 * before threads are started.
 */
export function keepWasmCode(): void {
  setFlagsFromString("--no-wasm-code-gc");
}
