import { useMemo, useState } from "react";
import { Link } from "wouter";
import { Badge } from "../parts/badge.tsx";
import { Diff } from "../parts/diff.tsx";
import { Readable } from "../parts/exact.tsx";
import { ChevronIcon } from "../parts/icons.tsx";
import { addressOf } from "./address.ts";
import { LineWait } from "./line-wait.tsx";
import type { LogReader } from "./log-reader.ts";
import type { ChangedFile } from "./outline.ts";
import { filesOf, valueAt } from "./read.ts";
import { useLine } from "./use-reader.ts";

/** So many files stand open at first. */
const OPEN_FILES = 3;

/** Every file that a patch changed, and how. */
export function FilesView({ id, reader }: { id: string; reader: LogReader }) {
  const { files } = reader.outline;
  const byPath = useMemo(() => {
    const groups = new Map<string, ChangedFile[]>();
    for (const file of files) groups.set(file.path, [...(groups.get(file.path) ?? []), file]);
    return [...groups];
  }, [files, files.length]);
  if (byPath.length === 0) {
    return (
      <div className="empty">
        <h2>No patch changed a file</h2>
        <p>What commands changed is not listed here: look at the tools under Events.</p>
      </div>
    );
  }
  return (
    <div className="cards" tabIndex={0} role="region" aria-label="Changed files">
      <p className="cards-sum">
        {byPath.length.toLocaleString()} {byPath.length === 1 ? "file" : "files"},{" "}
        {files.length.toLocaleString()} {files.length === 1 ? "change" : "changes"} by patches. What commands
        changed is not listed.
      </p>
      {byPath.map(([path, changes], index) => (
        <File key={path} id={id} path={path} changes={changes} reader={reader} isFirst={index < OPEN_FILES} />
      ))}
    </div>
  );
}

interface FileProps {
  id: string;
  path: string;
  changes: readonly ChangedFile[];
  reader: LogReader;
  isFirst: boolean;
}

function File({ id, path, changes, reader, isFirst }: FileProps) {
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <details
      className="card file"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary className="bare">
        <ChevronIcon />
        <code>
          <Readable text={path} />
        </code>
        <span>
          {changes.length} {changes.length === 1 ? "change" : "changes"}
        </span>
      </summary>
      {isOpen && changes.map((change) => <Change key={change.seq} id={id} change={change} reader={reader} />)}
    </details>
  );
}

const OUTCOMES = {
  running: { words: "under way", tone: "accent" },
  done: { words: "done", tone: "good" },
  failed: { words: "failed", tone: "bad" },
} as const;

function Change({ id, change, reader }: { id: string; change: ChangedFile; reader: LogReader }) {
  const needed = useLine(reader, reader.indexOf(change.seq));
  const { line } = needed;
  const diffs = filesOf(valueAt(line?.message_data, "payload")).filter(({ path }) => path === change.path);
  const { words, tone } = OUTCOMES[change.outcome];
  return (
    <div className="file-change">
      <p>
        <Badge tone={tone}>{words}</Badge>{" "}
        <Link href={addressOf(id, "events", change.seq)}>Event #{change.seq}</Link>
      </p>
      {line === undefined ? <LineWait needed={needed} /> : <Diff files={diffs} />}
    </div>
  );
}
