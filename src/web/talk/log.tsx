import { type ReactNode, useRef, useState } from "react";
import { useFollow } from "../parts/follow.ts";
import { DownIcon } from "../parts/icons.tsx";
import { readable } from "../parts/visible.ts";
import type { Conversation } from "./conversation.ts";
import type { WaitingInput } from "./entries.ts";
import { EntryView } from "./entry-view.tsx";

interface Props {
  conversation: Conversation;
  /** Where nothing was said yet. */
  empty: ReactNode;
  /** Takes what was refused back to where it can be changed. */
  onTakeBack: (input: WaitingInput) => void;
}

/** So many entries are drawn at first, and so many more when the reader asks. */
const SHOWN = 120;

/** The conversation. It follows what comes until the reader scrolls up. */
export function Log({ conversation, empty, onTakeBack }: Props) {
  const { entries, waiting, isRunning, session } = conversation;
  const scroller = useRef<HTMLDivElement>(null);
  const { isAtEnd, follow } = useFollow(scroller);
  const [shown, setShown] = useState(SHOWN);
  const earlier = Math.max(0, entries.length - shown);
  const isEmpty = entries.length === 0 && waiting.length === 0;
  return (
    <div className="log-frame">
      {!isEmpty && <h2 className="unseen">Conversation</h2>}
      <div className="log" ref={scroller} tabIndex={0} role="region" aria-label="Conversation">
        <div className="log-content">
          {isEmpty && empty}
          {earlier > 0 && (
            <button type="button" className="button earlier" onClick={() => setShown(shown + SHOWN)}>
              Show earlier ({earlier})
            </button>
          )}
          {entries.slice(earlier).map((entry) => (
            <EntryView key={entry.key} entry={entry} workspace={session?.workspace ?? ""} />
          ))}
          {isRunning && <Working conversation={conversation} />}
          {waiting.map((input) => (
            <Waiting key={input.id} input={input} isRunning={isRunning} onTakeBack={onTakeBack} />
          ))}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className="button pill to-end" onClick={follow}>
          <DownIcon /> Jump to latest
        </button>
      )}
    </div>
  );
}

/** While nothing else shows that something goes on. */
function Working({ conversation: { entries, approval } }: { conversation: Conversation }) {
  const last = entries.at(-1);
  const isSeen =
    last !== undefined && "state" in last && ["streaming", "running", "writing"].includes(last.state);
  if (isSeen || approval !== undefined) return null;
  return (
    <p className="working" aria-hidden="true">
      <span /> <span /> <span />
    </p>
  );
}

interface WaitingProps {
  input: WaitingInput;
  isRunning: boolean;
  onTakeBack: (input: WaitingInput) => void;
}

const Waiting = ({ input, isRunning, onTakeBack }: WaitingProps) => (
  <article className={`user user-${input.state}`} aria-label="You, not taken in yet">
    <p dir="auto">{readable(input.text)}</p>
    <p className="user-state">
      {input.state === "waiting" ? (
        isRunning ? (
          "Waits for the agent's next step"
        ) : (
          "Sending…"
        )
      ) : (
        <>
          Not taken in.{" "}
          <button type="button" className="quiet" onClick={() => onTakeBack(input)}>
            Change and send again
          </button>
        </>
      )}
    </p>
  </article>
);
