import { Link } from "wouter";
import { Badge } from "../parts/badge.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { dateTime } from "../parts/format.ts";
import { ChevronIcon, CrossIcon } from "../parts/icons.tsx";
import { addressOf } from "./address.ts";
import { clock } from "./clock.ts";
import { EventBody } from "./event-body.tsx";
import { EventFacts } from "./event-facts.tsx";
import type { Tone } from "./events.ts";
import type { LogReader } from "./log-reader.ts";
import { LineWait } from "./line-wait.tsx";
import { RawLine } from "./raw-line.tsx";
import { useLine } from "./use-reader.ts";
import { serverPath } from "../parts/base-path.ts";

interface EventDetailProps {
  id: string;
  reader: LogReader;
  index: number;
  onStep: (by: number) => void;
}

/** One event in full: what it says, who and how, and the line as it stands in the log. */
export function EventDetail({ id, reader, index, onStep }: EventDetailProps) {
  const row = reader.outline.rows[index];
  const needed = useLine(reader, index);
  const { line } = needed;
  if (row === undefined) return null;
  const link = `${window.location.origin}${serverPath("/ui")}${addressOf(id, "events", row.seq)}`;
  return (
    <section className="event-detail" aria-label={`Event ${row.seq}`}>
      <header className="event-head">
        <h2>
          <Badge tone={badgeTone(row.tone)}>{row.label}</Badge> <span className="event-seq">#{row.seq}</span>
        </h2>
        <p>
          <time
            dateTime={new Date(row.at).toISOString()}
            title={clock(row.at - (reader.outline.rows[0]?.at ?? 0))}
          >
            {dateTime(new Date(row.at).toISOString())}
          </time>
          {" · "}
          {row.direction === "incoming" ? "from a client" : "from the server"}
          {" · "}
          <code>{row.type}</code>
        </p>
        <div className="event-buttons">
          <button
            type="button"
            className="copy turned-up"
            aria-label="Event before"
            onClick={() => onStep(-1)}
          >
            <ChevronIcon />
          </button>
          <button
            type="button"
            className="copy turned-down"
            aria-label="Event after"
            onClick={() => onStep(1)}
          >
            <ChevronIcon />
          </button>
          <CopyButton key={row.seq} text={link} label="Copy a link to this event" />
          <Link
            href={addressOf(id, "events")}
            className="copy event-close"
            aria-label="Close the event"
            replace
          >
            <CrossIcon />
          </Link>
        </div>
      </header>
      {line === undefined ? (
        <LineWait needed={needed} />
      ) : (
        <div className="event-content" key={row.seq}>
          <EventBody id={id} line={line} row={row} reader={reader} />
          <EventFacts line={line} />
          <RawLine id={id} seq={row.seq} />
        </div>
      )}
    </section>
  );
}

const badgeTone = (tone: Tone) => (tone === "plain" ? "muted" : tone);
