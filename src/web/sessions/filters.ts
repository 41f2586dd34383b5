import { SESSION_SORTS, type SessionSort } from "./session-sorts.ts";

/** What of the record is listed. All of it stands in the page's address. */
export interface Filters {
  q: string;
  state: "" | "active" | "ended" | "archived";
  model: string;
  /** Days of the reader's calendar, `2026-11-21`; both are within. */
  since: string;
  until: string;
  sort: SessionSort;
  /** Whether the words are looked for to find sessions, or the messages themselves. */
  find: "sessions" | "messages";
}

export const NO_FILTERS: Filters = {
  q: "",
  state: "",
  model: "",
  since: "",
  until: "",
  sort: "newest",
  find: "sessions",
};

const STATES = ["active", "ended", "archived"] as const;
const FINDS = ["sessions", "messages"] as const;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** From the address; what it cannot read it leaves out. */
export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const day = (name: string) => (DAY.test(given.get(name) ?? "") ? (given.get(name) ?? "") : "");
  return {
    q: given.get("q") ?? "",
    state: oneOf(STATES, given.get("state")) ?? "",
    model: given.get("model") ?? "",
    since: day("since"),
    until: day("until"),
    sort: oneOf(SESSION_SORTS, given.get("sort")) ?? "newest",
    find: oneOf(FINDS, given.get("find")) ?? "sessions",
  };
}

/** For the address: only what differs from no filter. Empty, or with its question mark. */
export function writeFilters(filters: Filters): string {
  const names = Object.keys(NO_FILTERS) as (keyof Filters)[];
  const written = new URLSearchParams();
  for (const name of names) if (filters[name] !== NO_FILTERS[name]) written.set(name, filters[name]);
  const text = written.toString();
  return text === "" ? "" : `?${text}`;
}

/** How many filters narrow the list, the words apart. */
export const countFilters = ({ state, model, since, until }: Filters): number =>
  [state, model, since, until].filter((value) => value !== "").length;

/** What the server is asked for. */
export function listPath(filters: Filters, limit: number, cursor = ""): string {
  const { q, state, model, since, until, sort } = filters;
  const query = new URLSearchParams({ limit: String(limit), sort });
  if (q.trim() !== "") query.set("q", q);
  if (state !== "") query.set("state", state);
  if (model !== "") query.set("model", model);
  if (since !== "") query.set("since", startOfDay(since, 0));
  if (until !== "") query.set("until", startOfDay(until, 1));
  if (cursor !== "") query.set("cursor", cursor);
  return `/sessions?${query}`;
}

/** ISO 8601, in UTC, of the day's beginning where the reader is. */
function startOfDay(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

const oneOf = <Value extends string>(values: readonly Value[], text: string | null): Value | undefined =>
  values.find((value) => value === text);
