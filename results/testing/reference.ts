/** A result as an object, made slowly from the decoded record: what `render.ts` is held against. */
import { formatMoney, type Money } from "../../engine/money.ts";
import type { Result } from "../../engine/record-codec.ts";
import type { Names } from "../names.ts";

const optional = (key: string, value: unknown) => (value === undefined ? {} : { [key]: value });

/** The keys of API.md, "A result", in its order. */
export function referenceResult(result: Result, names: Names): Record<string, unknown> {
  const { command, account, changes } = result;
  const currency = result.currency === 0 ? undefined : names.currency(result.currency);
  const money = ({ hi, lo }: Money, scale = currency!.scale) => formatMoney(hi, lo, scale);
  const isOwnAmount = result.amount === command.amount && command.currency !== 0;
  const amountScale = isOwnAmount ? names.currency(command.currency).scale : currency?.scale;
  const zero = account === undefined ? null : money({ hi: 0, lo: 0 });
  return {
    sequence: result.sequence,
    id: command.type === "expire" ? `@expire:${command.id}` : command.id,
    type: command.type,
    status: result.code === "OK" ? "applied" : "rejected",
    code: result.code,
    at: new Date(result.timeMs).toISOString(),
    partner: names.partner(command.partner),
    currency: currency?.code ?? null,
    account: account ?? null,
    ...(result.amount === undefined ? {} : { amount: money(result.amount, amountScale) }),
    ...optional("to", command.to),
    ...optional("hold", command.type === "expire" ? command.id : command.hold),
    ...optional("command", command.command),
    ...optional("memo", command.memo),
    available: result.available === undefined ? zero : money(result.available),
    held: result.held === undefined ? zero : money(result.held),
    changes: changes.map((change) => ({
      account: change.account,
      currency: currency!.code,
      delta: money(change.delta),
      available: money(change.available),
      held: money(change.held),
      status: change.status,
      version: change.version,
    })),
    ...optional("duplicate", result.duplicate),
    ...optional("of", result.of),
  };
}
