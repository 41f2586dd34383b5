import { memo } from "react";
import { clock } from "./clock.ts";
import type { EventRow } from "./events.ts";

interface EventItemProps {
  row: EventRow;
  /** When the session began. */
  began: number;
  isChosen: boolean;
  place: { top: number; height: number; index: number; of: number };
  onChoose: (seq: number) => void;
}

export const EventItem = memo(
  function EventItem({ row, began, isChosen, place, onChoose }: EventItemProps) {
    return (
      <li
        className="event"
        style={{ transform: `translateY(${place.top}px)`, height: place.height }}
        aria-posinset={place.index + 1}
        aria-setsize={place.of}
      >
        <button
          type="button"
          className={`event-button tone-${row.tone}`}
          aria-current={isChosen ? "true" : undefined}
          onClick={() => onChoose(row.seq)}
        >
          <span className="event-time">{clock(row.at - began)}</span>
          <span className="event-label">{row.label}</span>
          <span className="event-words" dir="auto">
            {row.words}
          </span>
        </button>
      </li>
    );
  },
  (one, other) =>
    one.row === other.row &&
    one.isChosen === other.isChosen &&
    one.place.top === other.place.top &&
    one.place.height === other.place.height &&
    one.place.of === other.place.of,
);
