import type { FromGroup } from "../thread/messages.ts";

/** What a link writes to the log. */
export interface LinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Writes an event of a group's journal at the level that it deserves. */
export function logEvent(log: LinkLog, group: string, event: Extract<FromGroup, { kind: "event" }>["event"]): void {
  const fields = { group, ...event };
  if (event.kind === "cut") log.warn(fields, "journal repaired");
  else if (event.kind === "snapshot-invalid")
    log.warn(fields, "a snapshot is of no use; an older one, or the journal from its start, is taken");
  else if (event.kind === "prepare-failed" || event.kind === "snapshot-failed") log.error(fields, "journal needs room");
  else if (event.kind === "snapshot-left") log.warn(fields, "a spent snapshot was not deleted");
  else log.info(fields, "journal");
}
