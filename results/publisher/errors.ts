/** Publishing must not go on until an operator has looked; the message is one plain sentence. */
export class PublishRefusal extends Error {
  override name = "PublishRefusal";
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
