import { scriptOf, wordOf } from "../parts/command.ts";
import { Exact } from "../parts/exact.tsx";

/** A command with every one of its characters to be seen. */
export function CommandText({ command }: { command: readonly string[] }) {
  const script = scriptOf(command);
  return (
    <div className="command-box">
      {script === undefined ? (
        <pre className="command-text">
          {command.map((word, index) => (
            <span key={index}>
              {index > 0 && " "}
              <Exact text={wordOf(word)} />
            </span>
          ))}
        </pre>
      ) : (
        <>
          <p className="command-shell">
            A script for <code>{script.shell.join(" ")}</code>
          </p>
          <pre className="command-text">
            <Exact text={script.text} />
          </pre>
        </>
      )}
    </div>
  );
}
