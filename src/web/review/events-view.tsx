import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { DownIcon } from "../parts/icons.tsx";
import { useMedia } from "../parts/media.ts";
import { isTyping } from "../parts/typing.ts";
import { useEventInAddress } from "./address.ts";
import { EventDetail } from "./event-detail.tsx";
import { EventItem } from "./event-item.tsx";
import { EventTools } from "./event-tools.tsx";
import { type Group, nextOf, placeOf, type Shown, shownRows } from "./groups.ts";
import type { LogReader } from "./log-reader.ts";

const ROW_PX = 38;
const PHONE_ROW_PX = 58;

/** Every line of the log in words, and one of them in full. */
export function EventsView({ id, reader }: { id: string; reader: LogReader }) {
  const { rows } = reader.outline;
  const [shown, setShown] = useState<Shown>("all");
  // The rows grow in place: their number tells that there are more.
  const places = useMemo(() => shownRows(rows, shown), [rows, rows.length, shown]);
  const [seq, choose] = useEventInAddress();
  const chosen = seq === undefined || rows.length === 0 ? undefined : reader.indexOf(seq);
  const isThere = chosen !== undefined && seq !== undefined && (rows.at(-1)?.seq ?? -1) >= seq;
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = useMedia("(max-width: 47.99rem)");
  const virtual = useVirtualizer({
    count: places.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isPhone ? PHONE_ROW_PX : ROW_PX),
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [virtual, isPhone]);

  const revealed = useRef<number>(undefined);
  useEffect(() => {
    if (!isThere || revealed.current === seq) return;
    const place = placeOf(places, chosen);
    // Who comes to a line that is not shown wants to see it.
    if (places[place] !== chosen) return setShown(rows[chosen]?.kind === "delta" ? "everything" : "all");
    virtual.scrollToIndex(place, { align: revealed.current === undefined ? "center" : "auto" });
    revealed.current = seq;
  }, [isThere, seq, chosen, places, rows, virtual]);

  const go = (index: number | undefined) => {
    const row = index === undefined ? undefined : rows[index];
    if (row) choose(row.seq);
  };
  const step = (by: number) => {
    const from = chosen === undefined ? -1 : placeOf(places, chosen);
    go(places[Math.min(Math.max(from + by, 0), places.length - 1)]);
  };
  useStepKeys(step, (by) => go(places.at(by)));
  const jump = (group: Group, by: 1 | -1) =>
    go(nextOf(rows, chosen ?? (by === 1 ? -1 : rows.length), group, by));
  const tail = useTail(scroller, places.length, reader.state.kind === "live" && seq === undefined);

  return (
    <div className="events">
      <div className="events-list">
        <EventTools
          shown={shown}
          count={places.length}
          isReading={reader.state.kind === "reading"}
          onShow={setShown}
          onJump={jump}
        />
        <div className="events-scroll" ref={scroller}>
          <ol style={{ height: virtual.getTotalSize() }} aria-label="Events">
            {virtual.getVirtualItems().map(({ index, start, size }) => {
              const row = rows[places[index] ?? -1];
              return (
                row && (
                  <EventItem
                    key={row.seq}
                    row={row}
                    began={rows[0]?.at ?? 0}
                    isChosen={row.seq === seq}
                    place={{ top: start, height: size, index, of: places.length }}
                    onChoose={choose}
                  />
                )
              );
            })}
          </ol>
        </div>
        {!tail.isAtEnd && reader.state.kind === "live" && reader.state.isConnected && (
          <button type="button" className="button pill events-latest" onClick={tail.goToEnd}>
            <DownIcon /> Latest
          </button>
        )}
      </div>
      {isThere ? (
        <EventDetail id={id} reader={reader} index={chosen} onStep={step} />
      ) : (
        <p className="events-none">
          {seq === undefined ? "Choose an event to see it in full." : `Reading up to line ${seq}…`}
        </p>
      )}
    </div>
  );
}

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const ENDS: Record<string, 0 | -1> = { Home: 0, End: -1 };

/** `j` and `k` or the arrows go from event to event. */
function useStepKeys(step: (by: number) => void, goTo: (end: 0 | -1) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isInBox(event)) return;
      const by = STEPS[event.key];
      const end = ENDS[event.key];
      if (by === undefined && end === undefined) return;
      event.preventDefault();
      if (by !== undefined) step(by);
      else if (end !== undefined) goTo(end);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

/** A box that scrolls itself, or a dialog. */
const isInBox = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement && target.closest("[tabindex='0'], dialog, .event-detail") !== null;

/** Stays at the end while new events come, as long as the reader is there and `follows`. */
function useTail(scroller: React.RefObject<HTMLDivElement | null>, count: number, follows: boolean) {
  const [isAtEnd, setAtEnd] = useState(true);
  const goToEnd = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    const look = () => setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < 80);
    box.addEventListener("scroll", look, { passive: true });
    return () => box.removeEventListener("scroll", look);
  }, [scroller]);
  const wasLive = useRef(false);
  useEffect(() => {
    // What was there when the page was opened is read from its beginning.
    if (follows && wasLive.current && isAtEnd)
      scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
    wasLive.current = follows;
  }, [count, follows, isAtEnd, scroller]);
  return { isAtEnd, goToEnd };
}
