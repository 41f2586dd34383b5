import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CopyButton } from "../parts/copy-button.tsx";
import { readRecord, sessionPath } from "../parts/record-api.ts";
import { LongText } from "./long-text.tsx";
import { textAt } from "./read.ts";

/** The line's own bytes, with its hashes, fetched when somebody wants to see them. */
export function RawLine({ id, seq }: { id: string; seq: number }) {
  const [isOpen, setOpen] = useState(false);
  const { data, error } = useQuery({
    queryKey: ["line", id, seq],
    queryFn: ({ signal }) => readRecord(sessionPath(id, `/log?seq=${seq}`), signal),
    enabled: isOpen,
    staleTime: Infinity,
    retry: false,
  });
  return (
    <details className="raw" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The line in the log</summary>
      {error !== null && <p role="alert">{error.message}</p>}
      {data !== undefined && (
        <>
          <Hashes line={data} />
          <div className="raw-text">
            <CopyButton text={data} label="Copy the line" />
            <LongText text={data.trimEnd()} isCode />
          </div>
        </>
      )}
    </details>
  );
}

const HASHES = { hash: "Hash", prev_hash: "Hash before", data_hash: "Hash of the content", salt: "Salt" };

function Hashes({ line }: { line: string }) {
  const value = parse(line);
  return (
    <dl className="facts">
      {Object.entries(HASHES).map(([name, label]) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd>
            <code>{textAt(value, name)?.slice(0, 64) ?? "none"}</code>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
