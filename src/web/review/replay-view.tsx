import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { BlockView } from "./block-view.tsx";
import { useFollow } from "../parts/follow.ts";
import type { Block } from "./blocks.ts";
import { LineWait } from "./line-wait.tsx";
import type { LogReader } from "./log-reader.ts";
import { usePlayer } from "./player.ts";
import { PlayerBar } from "./player-bar.tsx";
import { Replay } from "./replay.ts";
import { makeScale } from "./timeline.ts";
import { useLine } from "./use-reader.ts";

/** The session as somebody saw it who was there, at any speed. */
export function ReplayView({ id, reader }: { id: string; reader: LogReader }) {
  const { times, timeline, rows } = reader.outline;
  const replay = useMemo(() => new Replay(times.starts, reader.lineAt), [reader, times]);
  const [isCompressed, setCompressed] = useState(true);
  const began = times.starts[0] ?? 0;
  const gaps = timeline.gaps.length;
  const ended = Math.max(began + 1, times.end);
  const scale = useMemo(
    () => makeScale(began, ended, timeline.gaps, isCompressed),
    [began, ended, timeline, gaps, isCompressed],
  );
  const [isWaiting, setWaiting] = useState(false);
  const player = usePlayer(scale.length, isWaiting);
  const at = scale.real(player.position);
  const missing = replay.seek(at);
  const needed = useLine(reader, missing);
  useEffect(() => setWaiting(missing !== undefined), [missing]);
  const compress = (next: boolean) => {
    // The moment stays, its place on the scale does not.
    const other = makeScale(began, ended, timeline.gaps, next);
    setCompressed(next);
    player.seek(other.shown(at));
  };
  return (
    <div className="replay">
      <Blocks id={id} blocks={replay.blocks} isWorking={replay.isWorking} isPlaying={player.isPlaying} />
      {needed.error !== undefined && <LineWait needed={needed} />}
      <PlayerBar
        player={player}
        scale={scale}
        spans={timeline.spans}
        elapsed={at - began}
        event={rows[Math.max(0, replay.lines - 1)]}
        isCompressed={isCompressed}
        onCompress={compress}
        isReading={reader.state.kind === "reading" || isWaiting}
      />
    </div>
  );
}

interface BlocksProps {
  id: string;
  blocks: readonly Block[];
  isWorking: boolean;
  isPlaying: boolean;
}

/** The end stays in sight while the reader is there; who presses play is. */
function Blocks({ id, blocks, isWorking, isPlaying }: BlocksProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { follow } = useFollow(scroller);
  useEffect(() => {
    if (isPlaying) follow();
  }, [isPlaying, follow]);
  const virtual = useVirtualizer({
    count: blocks.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 96,
    overscan: 6,
    paddingStart: 16,
    paddingEnd: 12,
  });
  return (
    <div
      className="replay-scroll"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label="The conversation at this moment"
    >
      <div>
        {blocks.length === 0 && <p className="review-wait">Press play to see the session as it went.</p>}
        <ol className="replay-blocks" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const block = blocks[index];
            return (
              block && (
                <li
                  key={index}
                  data-index={index}
                  ref={virtual.measureElement}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <BlockView id={id} block={block} />
                </li>
              )
            );
          })}
        </ol>
        <p className="replay-working">{isWorking ? "Working…" : ""}</p>
      </div>
    </div>
  );
}
