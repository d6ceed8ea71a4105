/** The rule was broken by our own code: the group must fail closed rather than go on with wrong money. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/**
 * States an invariant. On in production: a balance engine that goes on after a broken rule is worse than one
 * that stops. `rule` says the rule and, where it helps, the values; keep it a constant string on hot paths.
 */
export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new InvariantError(rule);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value ${String(value)}`);
}
