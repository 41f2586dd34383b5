import { useEffect, useMemo } from "react";
import { isTyping } from "../parts/typing.ts";
import { clock } from "./clock.ts";
import type { EventRow } from "./events.ts";
import { overview } from "./overview.ts";
import { type Player, SPEEDS } from "./player.ts";
import type { Span } from "./spans.ts";
import type { Scale } from "./timeline.ts";

interface PlayerBarProps {
  player: Player;
  scale: Scale;
  spans: readonly Span[];
  /** Since the beginning, in real milliseconds. */
  elapsed: number;
  /** The newest that was played. */
  event: EventRow | undefined;
  isCompressed: boolean;
  onCompress: (isCompressed: boolean) => void;
  isReading: boolean;
}

const STEPS = 1000;

export function PlayerBar(props: PlayerBarProps) {
  const { player, scale, elapsed, event, isCompressed, onCompress, isReading } = props;
  useSpace(player.toggle);
  const total = scale.to - scale.from;
  return (
    <div className="player" role="group" aria-label="Replay">
      <div className="player-track">
        <Overview spans={props.spans} scale={scale} />
        <input
          type="range"
          min={0}
          max={STEPS}
          step={1}
          value={Math.round((player.position / scale.length) * STEPS)}
          aria-label="Moment"
          aria-valuetext={`${clock(elapsed)} of ${clock(total)}`}
          onChange={({ target }) => player.seek((Number(target.value) / STEPS) * scale.length)}
        />
      </div>
      <div className="player-row">
        <button type="button" className="button button-main player-play" onClick={player.toggle}>
          {player.isPlaying ? "Pause" : "Play"}
        </button>
        <label>
          <span className="unseen">Speed</span>
          <select value={player.speed} onChange={({ target }) => player.setSpeed(Number(target.value))}>
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>
                {speed}×
              </option>
            ))}
          </select>
        </label>
        <p className="player-time">
          {clock(elapsed)} <span>of {clock(total)}</span>
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={isCompressed}
            onChange={({ target }) => onCompress(target.checked)}
          />
          Shorten waiting
        </label>
        <p className="player-event">{isReading ? "Reading…" : event && `#${event.seq} ${event.label}`}</p>
      </div>
    </div>
  );
}

/** Space plays and pauses, but where it does something else. */
function useSpace(toggle: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== " " || event.repeat || isTyping(event.target)) return;
      if (event.target instanceof HTMLElement && event.target.closest("button, a, summary")) return;
      event.preventDefault();
      toggle();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

const PARTS = 300;

/** When the model, tools and people were at work, under the scrubber. */
function Overview({ spans, scale }: { spans: readonly Span[]; scale: Scale }) {
  const runs = useMemo(() => overview(spans, scale, PARTS), [spans, spans.length, scale]);
  return (
    <svg className="overview" viewBox={`0 0 ${PARTS} 1`} preserveAspectRatio="none" aria-hidden="true">
      {runs.map(({ kind, from, to }) => (
        <rect
          key={`${kind} ${from}`}
          className={`tint-${kind}`}
          x={from}
          y={0}
          width={to - from}
          height={1}
        />
      ))}
    </svg>
  );
}
