import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { Readable } from "../parts/exact.tsx";
import { duration } from "../parts/format.ts";
import { useMedia } from "../parts/media.ts";
import { addressOf } from "./address.ts";
import { clock } from "./clock.ts";
import type { LogReader } from "./log-reader.ts";
import type { Span } from "./spans.ts";
import { barOf, type Frame, makeScale, pan, type Scale, ticksOf, zoom } from "./timeline.ts";

const NEARER = 0.6;
const ROW_PX = 34;
const PHONE_ROW_PX = 52;

/** What took time, one row each, on an axis on which waiting is short. */
export function TimelineView({ id, reader }: { id: string; reader: LogReader }) {
  const { timeline, rows } = reader.outline;
  const [isCompressed, setCompressed] = useState(true);
  const [chosen, setChosen] = useState<Frame>();
  const began = rows[0]?.at ?? 0;
  const ended = Math.max(began + 1, rows.at(-1)?.at ?? 0);
  const gaps = timeline.gaps.length;
  const scale = useMemo(
    () => makeScale(began, ended, timeline.gaps, isCompressed),
    [began, ended, timeline, gaps, isCompressed],
  );
  const frame = chosen ?? { from: 0, to: scale.length };
  const inSight = useMemo(
    () => timeline.spans.filter((span) => barOf(span, scale, frame) !== undefined),
    [timeline, timeline.spans.length, scale, frame.from, frame.to],
  );
  const change = (next: Frame) => setChosen(next.to - next.from >= scale.length ? undefined : next);
  const middle = (frame.from + frame.to) / 2;
  return (
    <div className="timeline">
      <div className="timeline-tools">
        <div className="choice" role="group" aria-label="Zoom">
          <button
            type="button"
            aria-label="Zoom in"
            onClick={() => change(zoom(frame, NEARER, middle, scale.length))}
          >
            +
          </button>
          <button
            type="button"
            aria-label="Zoom out"
            onClick={() => change(zoom(frame, 1 / NEARER, middle, scale.length))}
          >
            −
          </button>
          <button type="button" aria-disabled={chosen === undefined} onClick={() => setChosen(undefined)}>
            Fit
          </button>
        </div>
        <div className="choice" role="group" aria-label="Move">
          <button type="button" aria-label="Earlier" onClick={() => change(pan(frame, -0.5, scale.length))}>
            ←
          </button>
          <button type="button" aria-label="Later" onClick={() => change(pan(frame, 0.5, scale.length))}>
            →
          </button>
        </div>
        <label className="check">
          <input
            type="checkbox"
            checked={isCompressed}
            onChange={({ target }) => {
              setCompressed(target.checked);
              setChosen(undefined);
            }}
          />
          Shorten waiting
        </label>
        <p role="status">
          {inSight.length.toLocaleString()} of {timeline.spans.length.toLocaleString()} steps
        </p>
      </div>
      {timeline.spans.length === 0 ? (
        <p className="review-wait">Nothing in this session took time yet.</p>
      ) : (
        <Rows id={id} spans={inSight} scale={scale} frame={frame} onFrame={change} />
      )}
    </div>
  );
}

interface RowsProps {
  id: string;
  spans: readonly Span[];
  scale: Scale;
  frame: Frame;
  onFrame: (frame: Frame) => void;
}

function Rows({ id, spans, scale, frame, onFrame }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = useMedia("(max-width: 29.99rem)");
  const virtual = useVirtualizer({
    count: spans.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isPhone ? PHONE_ROW_PX : ROW_PX),
    overscan: 10,
  });
  const ways = useWays(frame, scale, onFrame);
  return (
    <div className="timeline-box" ref={scroller} {...ways}>
      <Axis scale={scale} frame={frame} count={isPhone ? 4 : 8} />
      <ol style={{ height: virtual.getTotalSize() }} aria-label="Steps">
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const span = spans[index];
          return (
            span && (
              <Row key={index} id={id} span={span} scale={scale} frame={frame} top={start} height={size} />
            )
          );
        })}
      </ol>
    </div>
  );
}

interface RowProps {
  id: string;
  span: Span;
  scale: Scale;
  frame: Frame;
  top: number;
  height: number;
}

const KINDS: Record<Span["kind"], string> = {
  turn: "Turn",
  model: "Model",
  tool: "Tool",
  approval: "Approval",
  retry: "Wait",
};

function Row({ id, span, scale, frame, top, height }: RowProps) {
  const bar = barOf(span, scale, frame);
  const time = span.to === undefined ? "goes on" : duration(span.to - span.from);
  const told = [time, span.outcome].filter(Boolean).join(" · ");
  return (
    <li className="step" style={{ transform: `translateY(${top}px)`, height }}>
      <Link href={addressOf(id, "events", span.seq)} className={`step-link step-${span.kind}`}>
        <span className="step-name" dir="auto">
          <span className="step-kind">{KINDS[span.kind]}</span> <Readable text={span.name} />
        </span>
        <span className="step-track">
          {bar && (
            <>
              <span
                className={`step-bar tint-${span.kind} tint-${span.tone}`}
                style={{ left: percent(bar.left), width: percent(bar.width) }}
              />
              <span className="step-time" style={besideBar(bar)}>
                {told}
              </span>
            </>
          )}
        </span>
      </Link>
    </li>
  );
}

/** Behind the bar, or before it where there is more room, or over its end where there is none. */
function besideBar({ left, width }: { left: number; width: number }): React.CSSProperties {
  const right = 1 - left - width;
  if (right > 0.3) return { left: percent(left + width) };
  if (left > 0.3) return { right: percent(1 - left) };
  return { right: "0", background: "inherit" };
}

/** The times, and where waiting is shown shorter than it was. */
function Axis({ scale, frame, count }: { scale: Scale; frame: Frame; count: number }) {
  const ticks = ticksOf(scale, frame, count);
  const width = frame.to - frame.from;
  const breaks = scale.breaks.filter(
    ({ shownFrom, shownTo }) => shownTo > frame.from && shownFrom < frame.to,
  );
  return (
    <div className="axis" aria-hidden="true">
      <span className="axis-name">Step</span>
      <span className="axis-track">
        {breaks.map((gap) => {
          const left = Math.max(0, (gap.shownFrom - frame.from) / width);
          const right = Math.min(1, (gap.shownTo - frame.from) / width);
          return (
            <span
              key={gap.from}
              className="axis-break"
              title={`Waited ${duration(gap.to - gap.from)}`}
              style={{ left: percent(left), width: percent(right - left) }}
            />
          );
        })}
        {ticks.map(({ left, elapsed }) => (
          <span key={elapsed} className="axis-tick" style={{ left: percent(left) }}>
            {clock(elapsed)}
          </span>
        ))}
      </span>
    </div>
  );
}

/** The wheel with Alt goes nearer to where the pointer is, with Shift it goes along; so do + and -, and the arrows. */
function useWays(frame: Frame, scale: Scale, onFrame: (frame: Frame) => void) {
  const onWheel = (event: React.WheelEvent<HTMLElement>) => {
    if (event.shiftKey)
      return onFrame(pan(frame, Math.sign(event.deltaY || event.deltaX) * 0.15, scale.length));
    if (!event.altKey) return undefined;
    const track = event.currentTarget.querySelector(".axis-track")?.getBoundingClientRect();
    if (track === undefined) return undefined;
    const share = Math.min(Math.max((event.clientX - track.left) / track.width, 0), 1);
    const middle = frame.from + share * (frame.to - frame.from);
    return onFrame(zoom(frame, event.deltaY < 0 ? 0.8 : 1.25, middle, scale.length));
  };
  const onKeyDown = ({ key }: React.KeyboardEvent) => {
    const middle = (frame.from + frame.to) / 2;
    if (key === "+" || key === "=") onFrame(zoom(frame, NEARER, middle, scale.length));
    if (key === "-") onFrame(zoom(frame, 1 / NEARER, middle, scale.length));
    if (key === "ArrowLeft") onFrame(pan(frame, -0.25, scale.length));
    if (key === "ArrowRight") onFrame(pan(frame, 0.25, scale.length));
  };
  return { onWheel, onKeyDown };
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;
