import { useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { SessionListing, SessionPage } from "../../contract/log.ts";
import { askRecord, type RecordError, shouldRetry, toRecordError } from "../parts/record-api.ts";
import { type Filters, listPath } from "./filters.ts";

const PAGE_ROWS = 200;
/** How often the newest are looked for. */
const REFRESH_MS = 5000;
/** How long a page is kept after it was last in sight. */
const KEPT_MS = 60_000;

export interface SessionRows {
  /** Sessions that fit, as far as the server has told; undefined until then. */
  total: number | undefined;
  /** Rows that can be scrolled to now. */
  count: number;
  /** Undefined while it is loaded. */
  at: (index: number) => SessionListing | undefined;
  /** New sessions that wait above the first row until somebody wants to see them. */
  waiting: number;
  error: RecordError | undefined;
  retry: () => void;
}

/** The rows in sight. New sessions come in while the `first` one is. */
export interface Sight {
  first: number;
  last: number;
}

/** The sessions that fit, of which only the pages in sight are held. */
export function useSessions(filters: Filters, { first, last }: Sight): SessionRows {
  const [cursors, setCursors] = useState([""]);
  const lastPage = Math.min(Math.floor(last / PAGE_ROWS), cursors.length - 1);
  const shown = numbersBetween(Math.min(Math.floor(first / PAGE_ROWS), lastPage), lastPage);
  const pages = useQueries({ queries: shown.map((page) => pageQuery(filters, cursors[page] ?? "")) });
  const newestPage = pages.at(-1)?.data;
  const next = newestPage?.next_cursor;
  useEffect(() => {
    if (typeof next === "string" && lastPage === cursors.length - 1) setCursors([...cursors, next]);
  }, [next, lastPage, cursors]);

  const { data: head, dataUpdatedAt: headAt } = useHead(filters);
  const [base, setBase] = useState<string>();
  const firstId = shown[0] === 0 ? pages[0]?.data?.sessions[0]?.session_id : undefined;
  useEffect(() => setBase((known) => known ?? firstId), [firstId]);
  const { fresh, newcomers } = useMemo(() => compare(head, base), [head, base]);
  const [taken, setTaken] = useState(0);
  const isTaking = first === 0 && taken !== newcomers.length;
  useEffect(() => {
    if (isTaking) setTaken(newcomers.length);
  }, [isTaking, newcomers.length]);
  const added = newcomers.slice(Math.max(0, newcomers.length - taken));

  const total = head?.total ?? newestPage?.total ?? pages[0]?.data?.total;
  const old =
    total === undefined ? 0 : Math.max(0, Math.min(total - newcomers.length, cursors.length * PAGE_ROWS));
  const failed = pages.find(({ error }) => error !== null);
  const retry = () => void Promise.all(pages.map((page) => page.refetch()));
  // The server answers again: nobody has to say so.
  const isBack = failed !== undefined && headAt > failed.errorUpdatedAt;
  const retryRef = useRef(retry);
  retryRef.current = retry;
  useEffect(() => {
    if (isBack) retryRef.current();
  }, [isBack, headAt]);
  return {
    total,
    count: added.length + old,
    waiting: newcomers.length - added.length,
    at: (index) => {
      if (index < added.length) return added[index];
      const place = index - added.length;
      const page = pages[shown.indexOf(Math.floor(place / PAGE_ROWS))];
      const row = page?.data?.sessions[place % PAGE_ROWS];
      return row && (fresh.get(row.session_id) ?? row);
    },
    error: failed && toRecordError(failed.error),
    retry,
  };
}

const pageQuery = (filters: Filters, cursor: string) => ({
  queryKey: ["sessions", filters, cursor],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    askRecord<SessionPage>(listPath(filters, PAGE_ROWS, cursor), signal),
  staleTime: Infinity,
  gcTime: KEPT_MS,
  retry: shouldRetry,
});

/** The newest sessions as they are now. In another order than by age nothing new is looked for. */
function useHead(filters: Filters) {
  return useQuery({
    queryKey: ["sessions", filters, "head"],
    queryFn: ({ signal }) => askRecord<SessionPage>(listPath(filters, PAGE_ROWS), signal),
    enabled: filters.sort === "newest",
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}

/** What has come since the list was begun, and what is known anew of what was there. */
function compare(head: SessionPage | undefined, base: string | undefined) {
  const sessions = base === undefined ? [] : (head?.sessions ?? []);
  const start = sessions.findIndex(({ session_id }) => session_id === base);
  return {
    fresh: new Map(sessions.map((session) => [session.session_id, session])),
    newcomers: start === -1 ? [] : sessions.slice(0, start),
  };
}

const numbersBetween = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
