import { useState } from "react";
import { ChevronIcon } from "../parts/icons.tsx";
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
  return (
    <div className="event-tools">
      <label>
        <span>Show</span>
        <select value={shown} onChange={({ target }) => onShow(target.value as Shown)}>
          <option value="all">All events</option>
          <option value="everything">All, with streamed pieces</option>
          {groupNames.map((group) => (
            <option key={group} value={group}>
              {GROUPS[group].name}
            </option>
          ))}
        </select>
      </label>
      <div className="event-jump" role="group" aria-label="Jump">
        <label>
          <span>Jump to</span>
          <select value={target} onChange={({ target }) => setTarget(target.value as Group)}>
            {groupNames.map((group) => (
              <option key={group} value={group}>
                {GROUPS[group].name}
              </option>
            ))}
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
