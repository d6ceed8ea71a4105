/** Schemas that several routes share. They document the contract and check cold routes; the hot route has its scanner. */
import { Type } from "typebox";
import { ID_BYTES_MAX, STATUS_NAMES } from "../../engine/index.ts";

/** Refers to a schema that `openapi.ts` puts under `components`. Only for replies: requests are checked by value. */
export const component = (name: string) => Type.Unsafe<unknown>({ $ref: `#/components/schemas/${name}` });

/** A reply of one JSON schema. */
export const reply = (description: string, schema: object) => ({
  description,
  content: { "application/json": { schema } },
});

/** As `reply`, of a named component. */
export const replyOf = (description: string, name: string) => reply(description, component(name));

export const Id = Type.String({
  pattern: `^[A-Za-z0-9._:-]{1,${ID_BYTES_MAX}}$`,
  description: "1 to 64 bytes of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`",
  examples: ["ord-1"],
});

/** An account that is read: `@world` too. */
export const ReadableAccount = Type.String({
  pattern: `^(@world|[A-Za-z0-9._:-]{1,${ID_BYTES_MAX}})$`,
  description: "An account's name, or `@world`",
  examples: ["alice"],
});

export const CurrencyCode = Type.String({
  pattern: "^[A-Z0-9]{1,12}$",
  description: "ISO 4217 code, or a registered one",
  examples: ["CNY"],
});

/** A balance or an amount as replies carry it. */
export const MoneyText = Type.String({
  pattern: "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$",
  description: "Decimal in major units, with exactly the currency's number of places",
  examples: ["10.25"],
});

export const Sequence = Type.Integer({ minimum: 0, description: "Sequence in the partner's group" });

export const Time = Type.String({ description: "RFC 3339, UTC", examples: ["2026-11-20T08:00:00.000Z"] });

/** Digits in a query; they stay text, because nothing is coerced on the way in. */
export const digits = (description: string) => Type.String({ pattern: "^(0|[1-9][0-9]{0,14})$", description });

export const AccountStatusName = Type.Unsafe<string>({ type: "string", enum: [...STATUS_NAMES] });
