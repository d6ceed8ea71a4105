/** Certificate and key of the listeners: read and checked as a pair before anything uses them. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { ConfigError, type TlsFiles } from "../config.ts";

export interface TlsPair {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** When the certificate ends, ms since 1970; for a warning. */
  readonly validToMs: number;
}

/** What `https.createServer` and `setSecureContext` take. TLS 1.0 and 1.1 are broken; 1.3 alone would shut out old callers. */
export function contextOf({ cert, key }: TlsPair): { cert: string; key: string; minVersion: "TLSv1.2" } {
  return { cert, key, minVersion: "TLSv1.2" };
}

/**
 * Reads both files. Throws ConfigError with one plain sentence when one cannot be read or parsed, or when they do not belong
 * together: node would take such a pair, and fail every handshake.
 */
export function readTls(files: TlsFiles): TlsPair {
  const cert = read("RINGFENCE_TLS_CERT", files.certificate);
  const key = read("RINGFENCE_TLS_KEY", files.key);
  const certificate = parsed(
    "RINGFENCE_TLS_CERT",
    files.certificate,
    "a PEM certificate",
    () => new X509Certificate(cert),
  );
  const privateKey: KeyObject = parsed("RINGFENCE_TLS_KEY", files.key, "a PEM private key without a passphrase", () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigError(
      `RINGFENCE_TLS_KEY=${files.key} is refused: it is not the key of the certificate in ${files.certificate}.`,
    );
  }
  const pair: TlsPair = { cert, key, validToMs: certificate.validToDate.getTime() };
  // The certificates behind the first, which X509Certificate does not look at.
  parsed("RINGFENCE_TLS_CERT", files.certificate, "a PEM certificate chain", () =>
    createSecureContext(contextOf(pair)),
  );
  return Object.freeze(pair);
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError(`${variable}=${file} is refused: the file cannot be read (${code}).`);
  }
}

function parsed<T>(variable: string, file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The parser's own message may quote the file, which may hold a key.
    throw new ConfigError(`${variable}=${file} is refused: it is not ${what}.`);
  }
}
