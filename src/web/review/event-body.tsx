import { Link } from "wouter";
import type { LogLine } from "../../contract/log.ts";
import { Diff } from "../parts/diff.tsx";
import { Exact, Readable } from "../parts/exact.tsx";
import { RiskBadge } from "../parts/risk.tsx";
import { TerminalOutput } from "../parts/terminal-output.tsx";
import { readToolResult } from "../parts/tool-result.ts";
import { Badge } from "../parts/badge.tsx";
import { duration } from "../parts/format.ts";
import { addressOf } from "./address.ts";
import type { EventRow } from "./events.ts";
import type { LogReader } from "./log-reader.ts";
import { LongText } from "./long-text.tsx";
import { Prose } from "./prose.tsx";
import { contentText, filesOf, textAt, textsAt, valueAt } from "./read.ts";

interface EventBodyProps {
  id: string;
  line: LogLine;
  row: EventRow;
  reader: LogReader;
}

/** What an event says, in the form that suits it. */
export function EventBody({ id, line, row, reader }: EventBodyProps) {
  const payload = valueAt(line.message_data, "payload");
  switch (row.kind) {
    case "user":
      return <LongText text={contentText(valueAt(payload, "input") ?? valueAt(payload, "content"))} />;
    case "assistant":
      return <Prose text={contentText(valueAt(payload, "content"))} />;
    case "reasoning":
      return (
        <Prose text={contentText(valueAt(payload, "summary")) || contentText(valueAt(payload, "content"))} />
      );
    case "call":
      return <Json value={readJson(textAt(payload, "arguments") ?? "")} />;
    case "tool":
      return <Action payload={payload} />;
    case "output":
      return <Result json={textAt(payload, "output") ?? ""} />;
    case "approval":
      return <Approval id={id} payload={payload} row={row} reader={reader} />;
    case "delta":
      return <LongText text={textAt(payload, "delta") ?? ""} isCode />;
    case "error":
      return (
        <>
          <LongText text={row.words} />
          <Json value={payload} />
        </>
      );
    case "turn":
    case "usage":
    case "status":
    case "session":
    case "other":
      return (
        <>
          <p className="event-say">{row.words}</p>
          {payload !== undefined && <Json value={payload} />}
          {payload === undefined && row.kind === "other" && <Json value={line.message_data ?? null} />}
        </>
      );
  }
}

const Json = ({ value }: { value: unknown }) => (
  <LongText text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} isCode />
);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A command, or the changes of a patch. */
function Action({ payload }: { payload: unknown }) {
  const files = filesOf(payload);
  const command = textsAt(payload, "command");
  return (
    <>
      {files.length > 0 ? <Diff files={files} /> : command.length > 0 && <Command command={command} />}
      {textAt(payload, "cwd") !== undefined && (
        <p className="event-where">
          in <code>{<Readable text={textAt(payload, "cwd") ?? ""} />}</code>
        </p>
      )}
    </>
  );
}

/** Each word of a command as it was given, so that nothing hides in a quote. */
const Command = ({ command }: { command: readonly string[] }) => (
  <div className="command" tabIndex={0} role="group" aria-label="Command">
    {command.map((word, index) => (
      <span key={index} className="command-word">
        <Exact text={word.slice(0, 20_000)} />
      </span>
    ))}
  </div>
);

function Result({ json }: { json: string }) {
  const { text, exitCode, durationMs } = readToolResult(json);
  return (
    <>
      <p className="event-say">
        {exitCode !== undefined && exitCode !== null && (
          <Badge tone={exitCode === 0 ? "good" : "bad"}>exit {exitCode}</Badge>
        )}{" "}
        {durationMs !== undefined && <span className="event-where">{duration(durationMs)}</span>}
      </p>
      {text === "" ? <p className="event-where">No output.</p> : <TerminalOutput text={text} />}
    </>
  );
}

function Approval({ id, payload, row, reader }: Omit<EventBodyProps, "line"> & { payload: unknown }) {
  const requestId = textAt(payload, "requestId");
  if (row.type === "approval_request") {
    return (
      <>
        <p className="event-say">
          <Readable text={textAt(payload, "reason") ?? ""} />{" "}
          <RiskBadge risk={textAt(payload, "risk") ?? ""} />
        </p>
        <Action payload={payload} />
      </>
    );
  }
  const span = reader.outline.timeline.spans.find(
    ({ kind, seq, endSeq }) => kind === "approval" && seq < row.seq && (endSeq ?? Infinity) >= row.seq,
  );
  const deny = textAt(payload, "customDenyMessage");
  const patch = textAt(payload, "applyPatch", "patch");
  return (
    <>
      <p className="event-say">{row.words}</p>
      {span && (
        <p className="event-where">
          <Link href={addressOf(id, "events", span.seq)}>The request, #{span.seq}</Link>: {span.name}
        </p>
      )}
      {deny !== undefined && <LongText text={deny} />}
      {patch !== undefined && <LongText text={patch} isCode />}
      {requestId !== undefined && (
        <p className="event-where">
          Request <code>{requestId.slice(0, 80)}</code>
        </p>
      )}
    </>
  );
}
