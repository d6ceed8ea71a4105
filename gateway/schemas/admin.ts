/** Shapes that several admin routes share. */
import { Type } from "typebox";
import { Id, Time } from "./common.ts";

/** A live key as lists show it. */
export const KeyShape = Type.Object({ keyId: Id, created: Time });

/** The fields of a key just made. */
export const NewKeyShape = { keyId: Id, key: Type.String({ description: "Shown this once; only its digest is kept" }) };

/** A reply without a body. */
export const none = { description: "Done", type: "null" } as const;
