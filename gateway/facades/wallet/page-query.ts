import { ApiError } from "../../errors.ts";
import { CURSOR_CHARACTERS_MAX, ENTRIES_PAGE_DEFAULT, ENTRIES_PAGE_MAX } from "../../limits.ts";

const CURSOR = new RegExp(`^[A-Za-z0-9_-]{1,${CURSOR_CHARACTERS_MAX}}$`);

/** `?limit=&cursor=` of a history. Throws INVALID_REQUEST. */
export function readPageQuery(query: unknown): { readonly limit: number; readonly cursor?: string } {
  const { limit, cursor, ...others } = query as Readonly<Record<string, unknown>>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid("only `limit` and `cursor` may stand in the query");
  if (cursor !== undefined && !(typeof cursor === "string" && CURSOR.test(cursor))) {
    throw invalid("`cursor` is not one that a page before gave");
  }
  return { limit: limitOf(limit), ...(cursor === undefined ? {} : { cursor }) };
}

function limitOf(text: unknown): number {
  if (text === undefined) return ENTRIES_PAGE_DEFAULT;
  const limit = typeof text === "string" && /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= ENTRIES_PAGE_MAX) return limit;
  throw invalid(`\`limit\` must be from 1 to ${ENTRIES_PAGE_MAX}`);
}

const invalid = (why: string) => new ApiError("INVALID_REQUEST", `${why}.`);
