import { useState } from "react";
import { ChevronIcon } from "../parts/icons.tsx";
import { useMedia } from "../parts/media.ts";
import { type Group, groupNames, GROUPS, type Shown } from "./groups.ts";

interface EventToolsProps {
  shown: Shown;
  count: number;
  isReading: boolean;
  onShow: (shown: Shown) => void;
  onJump: (group: Group, by: 1 | -1) => void;
}

export function EventTools({ shown, count, isReading, onShow, onJump }: EventToolsProps) {
  const [target, setTarget] = useState<Group>("approvals");
  const { name } = GROUPS[target];
  const hidden = useMedia("(max-width: 47.99rem)") ? "unseen" : "";
  return (
    <div className="event-tools">
      <label>
        <span className={hidden}>Show</span>
        <select value={shown} onChange={({ target }) => onShow(target.value as Shown)}>
          <option value="all">All events</option>
          <option value="everything">All, with streamed pieces</option>
          {groupOptions}
        </select>
      </label>
      <div className="event-jump" role="group" aria-label="Jump">
        <label>
          <span className={hidden}>Jump to</span>
          <select value={target} onChange={({ target }) => setTarget(target.value as Group)}>
            {groupOptions}
          </select>
        </label>
        <button
          type="button"
          className="copy turned-up"
          aria-label={`${name} before`}
          onClick={() => onJump(target, -1)}
        >
          <ChevronIcon />
        </button>
        <button
          type="button"
          className="copy turned-down"
          aria-label={`${name} after`}
          onClick={() => onJump(target, 1)}
        >
          <ChevronIcon />
        </button>
      </div>
      <p role="status">{isReading ? `${count.toLocaleString()} and more…` : count.toLocaleString()}</p>
    </div>
  );
}

const groupOptions = groupNames.map((group) => (
  <option key={group} value={group}>
    {GROUPS[group].name}
  </option>
));
