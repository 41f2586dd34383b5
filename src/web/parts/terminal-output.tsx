import { memo, useMemo, useRef } from "react";
import { useFollow } from "./follow.ts";
import { size } from "./format.ts";
import { readTerminal, type Style } from "./terminal-text.ts";

/** What a command wrote, in its colours. It follows what comes unless the reader has scrolled up. */
export function TerminalOutput({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  useFollow(box);
  return (
    <div ref={box} className="terminal" tabIndex={0} role="group" aria-label="Output">
      <TerminalLines text={text} />
    </div>
  );
}

const TerminalLines = memo(function TerminalLines({ text }: { text: string }) {
  const { runs, omitted } = useMemo(() => readTerminal(text), [text]);
  return (
    <pre>
      {omitted > 0 && (
        <span className="terminal-omitted">
          {size(omitted)} before this are not shown here.{"\n"}
        </span>
      )}
      {runs.map(({ text, style }, index) => {
        const name = classOf(style);
        return name === "" ? (
          text
        ) : (
          <span key={index} className={name}>
            {text}
          </span>
        );
      })}
    </pre>
  );
});

function classOf({ colour, ...marks }: Style): string {
  const names = Object.entries(marks).flatMap(([name, isOn]) => (isOn ? [`ansi-${name}`] : []));
  if (colour !== undefined) names.push(`ansi-${colour}`);
  return names.join(" ");
}
