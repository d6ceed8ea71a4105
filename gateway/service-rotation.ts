/**
 * The period of services' secrets. Nobody can be handed a secret without asking, so a period makes none: when the newest version is
 * old, its replacement is due, which is logged, counted and shown. Once an admin has made the next version, the older one works for
 * the overlap and is then revoked; the newest never ends by itself, for that would be an outage by the clock.
 */
import type { ServiceSettings } from "./config.ts";
import type { LinkLog } from "./link/link-log.ts";
import type { Registry, ServiceVersion } from "./registry/index.ts";

/** A live version with what the period says of it. */
export interface SecretState extends ServiceVersion {
  /** The service's newest live version. */
  readonly current: boolean;
  /** It is the newest, and older than the period. */
  readonly due: boolean;
  /** When it will be revoked, ms since 1970; undefined: not by itself. */
  readonly endsMs: number | undefined;
}

type Period = Pick<ServiceSettings, "rotationMs" | "overlapMs">;

/** What the period says of each live version at `now`, ms since 1970. */
export function secretStates(
  versions: readonly ServiceVersion[],
  { rotationMs, overlapMs }: Period,
  now: number,
): readonly SecretState[] {
  return versions.map((one) => {
    const newer = versions.find(({ id, version }) => id === one.id && version > one.version);
    const current = newer === undefined;
    return {
      ...one,
      current,
      due: current && rotationMs !== undefined && now - one.createdMs >= rotationMs,
      endsMs: newer === undefined || rotationMs === undefined ? undefined : newer.createdMs + overlapMs,
    };
  });
}

/** Milliseconds between two looks at the clock: far below the day that is the shortest period. */
const LOOK_MS = 60_000;

/** A due secret is told of in the log once a day. */
const REMINDER_MS = 86_400_000;

export interface ServiceRotationOptions {
  readonly registry: Registry;
  readonly period: Period;
  readonly log: LinkLog;
  /** Milliseconds since 1970; the wall clock unless given. */
  readonly now?: () => number;
}

export class ServiceRotation {
  readonly #options: ServiceRotationOptions;
  readonly #now: () => number;
  /** `<service>/<version>` -> when the log was last told that it is due. */
  readonly #reminded = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ServiceRotationOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  states(): readonly SecretState[] {
    const { registry, period } = this.#options;
    return secretStates(registry.services(), period, this.#now());
  }

  /** Looks now, and every minute from now on. */
  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Revokes versions whose overlap is over, and tells of those that are due. */
  look(): void {
    const now = this.#now();
    for (const { id, version, due, endsMs } of this.states()) {
      if (endsMs !== undefined && endsMs <= now) this.#end(id, version);
      if (due) this.#remind(id, version, now);
    }
  }

  #end(service: string, version: number): void {
    const { registry, log } = this.#options;
    try {
      registry.revokeService(service, version);
      log.info({ service, version }, "service secret revoked: its successor has been there for the overlap");
    } catch (error) {
      // A full disk, most likely: the next look tries again, and until then the secret works.
      log.error({ service, version, err: error }, "a service secret could not be revoked");
    }
  }

  #remind(service: string, version: number, now: number): void {
    const key = `${service}/${version}`;
    if (now - (this.#reminded.get(key) ?? Number.NEGATIVE_INFINITY) < REMINDER_MS) return;
    this.#reminded.set(key, now);
    this.#options.log.warn({ service, version }, "service secret is due: make the next with POST /v1/admin/services");
  }
}
