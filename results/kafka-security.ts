/** How brokers are reached that ask for TLS or for a name and a password. */
import { readFileSync } from "node:fs";
import type { KafkaConfig } from "kafkajs";

export const SASL_MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** Nothing set: plain text without a name. Files, because both change while the process runs. */
export interface KafkaSecurity {
  /** `caFile`: PEM certificates that the brokers' are checked against; those of Node unless given. */
  readonly tls?: { readonly caFile?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly user: string; readonly passwordFile: string };
}

/** What kafkajs is to be given, with the files as they are now. Throws with a sentence for the operator when one is of no use. */
export function kafkaConnection({ tls, sasl }: KafkaSecurity): Pick<KafkaConfig, "ssl" | "sasl"> {
  return {
    ...(tls === undefined ? {} : { ssl: tls.caFile === undefined ? {} : { ca: [certificates(tls.caFile)] } }),
    ...(sasl === undefined ? {} : { sasl: credentials(sasl) }),
  };
}

function certificates(path: string): string {
  const text = textOf(path, "CA");
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new Error(`the CA file ${path} has no certificate in PEM form`);
  return text;
}

function credentials({ mechanism, user, passwordFile }: NonNullable<KafkaSecurity["sasl"]>) {
  // An editor ends the file with a line end, which nobody means.
  const password = textOf(passwordFile, "password").replace(/\r?\n$/, "");
  if (password === "") throw new Error(`the password file ${passwordFile} is empty`);
  const named = { username: user, password };
  // One object for each, because kafkajs has a type for each.
  if (mechanism === "plain") return { mechanism, ...named };
  return mechanism === "scram-sha-256" ? { mechanism, ...named } : { mechanism, ...named };
}

function textOf(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`the ${what} file ${path} cannot be read (${code})`);
  }
}
