import type { SessionSort } from "../../contract/log.ts";

export type { SessionSort };

const SORT_NAMES: Record<SessionSort, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  activity: "Latest activity",
  events: "Most events",
  cost: "Highest cost",
};

export const SESSION_SORTS = Object.keys(SORT_NAMES) as SessionSort[];

export const sortName = (sort: SessionSort): string => SORT_NAMES[sort];
