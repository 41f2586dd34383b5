import { memo, useId, useMemo, useState } from "react";
import { ExactCode, Readable } from "./exact.tsx";
import { useMedia } from "./media.ts";
import { changedPart, type DiffLine, parseDiff, type SideRow, sideBySide } from "./unified-diff.ts";

export interface DiffFile {
  path: string;
  /** A unified diff, as the server sends it. */
  diff: string;
  kind?: "add" | "update" | "delete" | "move";
  /** Where it is moved to. */
  move_path?: string | undefined;
}

/** So many lines are drawn at once; the rest when the reader asks for it. */
const SHOWN_LINES = 400;

/** Changes of files, one below the other, with every line and every character to be seen. */
export function Diff({ files }: { files: readonly DiffFile[] }) {
  return (
    <div className="diff">
      {files.map((file, index) => (
        <FileDiff key={`${index} ${file.path}`} file={file} />
      ))}
    </div>
  );
}

const WORDS = { add: "new file", update: "changed", delete: "deleted", move: "moved" } as const;

const FileDiff = memo(function FileDiff({
  file: { path, diff, kind, move_path: target },
}: {
  file: DiffFile;
}) {
  const parsed = useMemo(() => parseDiff(diff), [diff]);
  const isWide = useMedia("(min-width: 64rem)");
  const [isSplit, setSplit] = useState(false);
  const headingId = useId();
  const canSplit = isWide && parsed.added > 0 && parsed.removed > 0;
  return (
    <section className="diff-file" role="group" aria-labelledby={headingId}>
      <header className="diff-head">
        <p id={headingId} className="diff-path">
          <Readable text={path} />
          {target !== undefined && (
            <>
              {" → "}
              <Readable text={target} />
            </>
          )}
        </p>
        {kind !== undefined && <span className="diff-kind">{WORDS[kind]}</span>}
        <span className="diff-counts">
          <span className="diff-plus">+{parsed.added}</span>{" "}
          <span className="diff-minus">−{parsed.removed}</span>
        </span>
        {canSplit && (
          <button type="button" className="quiet" aria-pressed={isSplit} onClick={() => setSplit(!isSplit)}>
            Side by side
          </button>
        )}
      </header>
      <div className="diff-scroll" tabIndex={0} role="group" aria-label={`Changes of ${path}`}>
        {isSplit && canSplit ? <SplitTable lines={parsed.lines} /> : <UnifiedTable lines={parsed.lines} />}
      </div>
    </section>
  );
});

/** The rows that are drawn, and a button for more. */
function useSome<Row>(rows: readonly Row[]) {
  const [shown, setShown] = useState(SHOWN_LINES);
  const rest = rows.length - shown;
  const more = rest > 0 && (
    <tr>
      <td colSpan={4}>
        <button type="button" className="quiet diff-more" onClick={() => setShown(rows.length)}>
          Show {rest} more lines
        </button>
      </td>
    </tr>
  );
  return { some: rows.slice(0, shown), more };
}

function UnifiedTable({ lines }: { lines: readonly DiffLine[] }) {
  const partners = useMemo(() => partnersOf(lines), [lines]);
  const { some, more } = useSome(lines);
  return (
    <table className="diff-table">
      <tbody>
        {some.map((line, index) => (
          <tr key={index} className={`line-${line.kind}`}>
            <td className="diff-number">{"oldNumber" in line ? line.oldNumber : ""}</td>
            <td className="diff-number">{"newNumber" in line ? line.newNumber : ""}</td>
            <td className="diff-code" colSpan={2}>
              <Marked line={line} />
              <Text line={line} partner={partners.get(line)} />
            </td>
          </tr>
        ))}
        {more}
      </tbody>
    </table>
  );
}

function SplitTable({ lines }: { lines: readonly DiffLine[] }) {
  const rows = useMemo(() => sideBySide(lines), [lines]);
  const { some, more } = useSome(rows);
  return (
    <table className="diff-table diff-split">
      <colgroup>
        <col className="diff-number-column" />
        <col />
        <col className="diff-number-column" />
        <col />
      </colgroup>
      <tbody>
        {some.map((row, index) => (
          <Row key={index} row={row} />
        ))}
        {more}
      </tbody>
    </table>
  );
}

function Row({ row: { left, right } }: { row: SideRow }) {
  if (left !== undefined && (left.kind === "hunk" || left.kind === "note")) {
    return (
      <tr className={`line-${left.kind}`}>
        <td className="diff-code" colSpan={4}>
          <Marked line={left} />
          <Text line={left} />
        </td>
      </tr>
    );
  }
  return (
    <tr>
      <Side line={left} partner={right} />
      <Side line={right} partner={left} />
    </tr>
  );
}

function Side({ line, partner }: { line: DiffLine | undefined; partner: DiffLine | undefined }) {
  if (line === undefined) return <td className="diff-none" colSpan={2} />;
  const number = line.kind === "added" ? line.newNumber : "oldNumber" in line ? line.oldNumber : "";
  return (
    <>
      <td className={`diff-number line-${line.kind}`}>{number}</td>
      <td className={`diff-code line-${line.kind}`}>
        <Marked line={line} />
        <Text line={line} partner={partner} />
      </td>
    </>
  );
}

const MARKS = { added: "+", removed: "−", context: " ", hunk: "", note: "" } as const;

/** Colour alone would not tell everybody what a line is. */
const Marked = ({ line: { kind } }: { line: DiffLine }) => <span className="diff-mark">{MARKS[kind]}</span>;

/** The line; where another one has come for it, what differs stands out. */
function Text({ line, partner }: { line: DiffLine; partner?: DiffLine | undefined }) {
  const { text } = line;
  if (partner === undefined || partner.kind === line.kind) return <ExactCode text={text} />;
  if (line.kind !== "removed" && line.kind !== "added") return <ExactCode text={text} />;
  const { start, before: end } = changedPart(text, partner.text);
  // Where little is the same, two lines have nothing to do with each other.
  if (end - start > text.length * 0.7 || end <= start) return <ExactCode text={text} />;
  return (
    <>
      <ExactCode text={text.slice(0, start)} />
      <mark>
        <ExactCode text={text.slice(start, end)} />
      </mark>
      <ExactCode text={text.slice(end)} />
    </>
  );
}

/** Which removed line became which added one. */
function partnersOf(lines: readonly DiffLine[]): Map<DiffLine, DiffLine> {
  const partners = new Map<DiffLine, DiffLine>();
  for (const { left, right } of sideBySide(lines)) {
    if (left === undefined || right === undefined || left === right) continue;
    partners.set(left, right);
    partners.set(right, left);
  }
  return partners;
}
