import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { SearchHit, SearchPage } from "../../contract/log.ts";
import { Readable } from "../parts/exact.tsx";
import { askRecord, shouldRetry, toRecordError } from "../parts/record-api.ts";
import { Trouble } from "../parts/trouble.tsx";
import { When } from "../parts/when.tsx";

/** The messages that have the words, each with a link to its place in its session. */
export function MessageHits({ words }: { words: string }) {
  const query = useInfiniteQuery({
    queryKey: ["search", words],
    queryFn: ({ pageParam, signal }) => askRecord<SearchPage>(searchPath(words, pageParam), signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    retry: shouldRetry,
  });
  const hits = query.data?.pages.flatMap(({ events }) => events) ?? [];
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: hits.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 88,
    overscan: 8,
  });
  const rows = virtual.getVirtualItems();
  const isNearEnd = (rows.at(-1)?.index ?? 0) >= hits.length - 10;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const wantsMore = isNearEnd && hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (wantsMore) void fetchNextPage();
  }, [wantsMore, fetchNextPage]);

  if (query.error !== null && query.data === undefined)
    return <Trouble error={toRecordError(query.error)} onRetry={() => void query.refetch()} />;
  if (query.isSuccess && hits.length === 0) {
    return (
      <div className="empty">
        <h2>No message has these words</h2>
        <p>A message must have all of them. Quotes look for words in a row.</p>
      </div>
    );
  }
  return (
    <div className="session-list">
      <div className="session-scroll" ref={scroller}>
        {query.isPending && <p className="session-wait">Searching…</p>}
        <ul style={{ height: virtual.getTotalSize() }}>
          {rows.map(({ index, key, start }) => {
            const hit = hits[index];
            return (
              hit && <Hit key={key} hit={hit} index={index} top={start} measure={virtual.measureElement} />
            );
          })}
        </ul>
      </div>
      {isFetchNextPageError && (
        <Trouble error={toRecordError(query.error)} onRetry={() => void fetchNextPage()} />
      )}
    </div>
  );
}

interface HitProps {
  hit: SearchHit;
  index: number;
  top: number;
  measure: (element: HTMLElement | null) => void;
}

const Hit = ({ hit, index, top, measure }: HitProps) => (
  <li className="hit" ref={measure} data-index={index} style={{ transform: `translateY(${top}px)` }}>
    <Link href={`/sessions/${hit.session_id}#${hit.seq}`} className="session-link">
      <Readable text={hit.snippet} />
    </Link>
    <p className="session-sub">
      <span>{hit.title === null ? <em>No words yet</em> : <Readable text={hit.title} />}</span>
      <span>
        <code>{hit.type}</code> #{hit.seq}
      </span>
      <When iso={hit.timestamp} />
    </p>
  </li>
);

function searchPath(words: string, cursor: string): string {
  const query = new URLSearchParams({ q: words, limit: "100" });
  if (cursor !== "") query.set("cursor", cursor);
  return `/search?${query}`;
}
