import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useMedia } from "../parts/media.ts";
import { EmptyList } from "./empty-list.tsx";
import { Trouble } from "../parts/trouble.tsx";
import type { Filters } from "./filters.ts";
import { isTyping } from "../parts/typing.ts";
import { SessionRow } from "./session-row.tsx";
import { type Sight, useSessions } from "./use-sessions.ts";

interface SessionListProps {
  filters: Filters;
  onTotal: (total: number | undefined) => void;
  onChange: (changed: Partial<Filters>) => void;
}

const ROW_PX = 57;
const CARD_PX = 93;

/** One row a session, of which only those in sight are there. */
export function SessionList({ filters, onTotal, onChange }: SessionListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState<Sight>({ first: 0, last: 0 });
  const sessions = useSessions(filters, sight);
  const { total, count } = sessions;
  useEffect(() => onTotal(total), [total, onTotal]);
  const height = useMedia("(max-width: 47.99rem)") ? CARD_PX : ROW_PX;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    onChange: ({ range }) => {
      if (range) setSight((known) => sameSight(known, { first: range.startIndex, last: range.endIndex }));
    },
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  useRowKeys(count, (index) => virtual.scrollToIndex(index, { align: "auto" }), scroller);

  if (sessions.error !== undefined && count === 0)
    return <Trouble error={sessions.error} onRetry={sessions.retry} />;
  if (total === 0) return <EmptyList filters={filters} onChange={onChange} />;
  return (
    <div className="session-list">
      <div className="session-heads" aria-hidden="true">
        <span>Session</span>
        <span>Model</span>
        <span className="number">Turns</span>
        <span className="number">Approvals</span>
        <span className="number">Cost</span>
        <span>Began</span>
        <span>Record</span>
      </div>
      <div className="session-scroll" ref={scroller}>
        <ul style={{ height: virtual.getTotalSize() }} aria-busy={total === undefined}>
          {virtual.getVirtualItems().map(({ index, start, size }) => (
            <SessionRow
              key={index}
              index={index}
              session={sessions.at(index)}
              total={total ?? count}
              style={{ transform: `translateY(${start}px)`, height: size }}
            />
          ))}
        </ul>
        {total === undefined && <p className="session-wait">Reading the sessions…</p>}
      </div>
      {sessions.waiting > 0 && (
        <button
          type="button"
          className="button button-main pill session-new"
          onClick={() => virtual.scrollToIndex(0)}
        >
          {sessions.waiting} new {sessions.waiting === 1 ? "session" : "sessions"}
        </button>
      )}
      {sessions.error !== undefined && <Trouble error={sessions.error} onRetry={sessions.retry} />}
    </div>
  );
}

const sameSight = (known: Sight, now: Sight): Sight =>
  known.first === now.first && known.last === now.last ? known : now;

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** `j` and `k` or the arrows go from row to row; the row's link has the focus, so that Enter opens it. */
function useRowKeys(
  count: number,
  reveal: (index: number) => void,
  scroller: React.RefObject<HTMLDivElement | null>,
): void {
  const [current, setCurrent] = useState(-1);
  useEffect(() => {
    const step = (event: KeyboardEvent) => {
      const by = STEPS[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      event.preventDefault();
      const next = Math.min(Math.max(current + by, 0), count - 1);
      reveal(next);
      setCurrent(next);
    };
    document.addEventListener("keydown", step);
    return () => document.removeEventListener("keydown", step);
  }, [current, count, reveal]);
  useEffect(() => {
    if (current < 0) return undefined;
    const focus = () => scroller.current?.querySelector<HTMLElement>(`[data-row="${current}"]`)?.focus();
    const frame = requestAnimationFrame(focus);
    return () => cancelAnimationFrame(frame);
  }, [current, scroller]);
}
