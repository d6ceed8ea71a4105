/** RINGFENCE_KAFKA_…: how brokers are reached, put together from single settings. */
import { type KafkaSecurity, kafkaConnection, SASL_MECHANISMS, type SaslMechanism } from "../results/index.ts";

export interface KafkaSettings {
  /** `host:port` each, at least one. */
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly security: KafkaSecurity;
}

/** The settings about security, each as it was given; undefined: not set. */
export interface SecurityParts {
  readonly tls: boolean;
  readonly caFile: string | undefined;
  readonly mechanism: SaslMechanism | undefined;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
}

/** A mechanism by its name; `off` is none. */
export function saslMechanism(name: string): SaslMechanism | undefined {
  return SASL_MECHANISMS.find((mechanism) => mechanism === name);
}

/** How the parts go together, or `refused`: a variable without its prefix, and why it cannot be. */
export function securityOf(parts: SecurityParts): KafkaSecurity | { readonly refused: readonly [string, string] } {
  const { tls, caFile, mechanism, user, passwordFile } = parts;
  const refuse = (variable: string, why: string) => ({ refused: [variable, why] as const });
  if (caFile !== undefined && !tls) return refuse("KAFKA_CA_FILE", "it needs RINGFENCE_KAFKA_TLS=on");
  if (mechanism === undefined) {
    const given = user !== undefined ? "KAFKA_USER" : passwordFile !== undefined ? "KAFKA_PASSWORD_FILE" : undefined;
    if (given !== undefined) return refuse(given, "it needs RINGFENCE_KAFKA_SASL");
  } else if (user === undefined || passwordFile === undefined) {
    return refuse("KAFKA_SASL", "it needs RINGFENCE_KAFKA_USER and RINGFENCE_KAFKA_PASSWORD_FILE");
  }
  const security: KafkaSecurity = {
    ...(tls ? { tls: caFile === undefined ? {} : { caFile } } : {}),
    ...(mechanism === undefined ? {} : { sasl: { mechanism, user: user!, passwordFile: passwordFile! } }),
  };
  try {
    kafkaConnection(security);
    return security;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return refuse(message.includes("password file") ? "KAFKA_PASSWORD_FILE" : "KAFKA_CA_FILE", message);
  }
}
