import { useState } from "react";
import { Readable } from "../parts/exact.tsx";
import { size } from "../parts/format.ts";

/** So much of a text is drawn; more where somebody asks for it. */
const FIRST = 20_000;
const MORE = 200_000;

/** Any text, however long, with nothing in it that could pretend to be something else. */
export function LongText({ text, isCode = false }: { text: string; isCode?: boolean }) {
  const [shown, setShown] = useState(FIRST);
  const rest = text.length - shown;
  return (
    <div className={isCode ? "long-text long-code" : "long-text"}>
      <div
        className="long-words"
        dir="auto"
        {...(isCode && { tabIndex: 0, role: "group", "aria-label": "Text" })}
      >
        <Readable text={text.slice(0, shown)} />
      </div>
      {rest > 0 && (
        <button type="button" className="quiet" onClick={() => setShown(shown + MORE)}>
          Show more ({size(rest)} left)
        </button>
      )}
    </div>
  );
}
