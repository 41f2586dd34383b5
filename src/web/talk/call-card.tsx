import { exceedsHeadline } from "../approve/command-words.ts";
import { CommandText } from "../approve/command-text.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Diff } from "../parts/diff.tsx";
import { Readable } from "../parts/exact.tsx";
import { duration, shortId } from "../parts/format.ts";
import { ChevronIcon, FileIcon, TerminalIcon } from "../parts/icons.tsx";
import { useNow } from "../parts/now.ts";
import { TerminalOutput } from "../parts/terminal-output.tsx";
import type { CallEntry, Decision } from "./entries.ts";
import { commandOf, titleOf } from "./call-words.ts";

/** What the model wants done, or did: the command or the patch, where, and what came of it. */
export function CallCard({ call, workspace }: { call: CallEntry; workspace: string }) {
  const { cwd, files, output, decision, state } = call;
  const command = commandOf(call);
  const isPatch = files !== undefined;
  // The question below shows all of it.
  const isAsked = state === "asked";
  const needsWhole = command !== undefined && exceedsHeadline(command);
  // Of a patch that was made, its diff says all.
  const showsOutput = output !== "" && !(isPatch && state === "done");
  return (
    <details className="call" open>
      <summary className="bare">
        <ChevronIcon />
        {isPatch ? <FileIcon /> : <TerminalIcon />}
        <span className="call-title">
          <Readable text={titleOf(call)} />
        </span>
        <State call={call} />
      </summary>
      <div className="call-body">
        {cwd !== undefined && cwd !== workspace && (
          <p className="call-line">
            in{" "}
            <code>
              <Readable text={cwd} />
            </code>
          </p>
        )}
        {needsWhole && !isAsked && <CommandText command={command} />}
        {isPatch && !isAsked && <Diff files={files} />}
        {decision !== undefined && <p className="call-line">{decisionWords(decision)}</p>}
        {showsOutput && <TerminalOutput text={output} />}
      </div>
    </details>
  );
}

function State({ call }: { call: CallEntry }) {
  const { state, durationMs, exitCode } = call;
  if (state === "running") return <Running startedAt={call.startedAt} />;
  const [tone, words] = STATES[state];
  const code = state === "failed" && typeof exitCode === "number" ? `exit ${exitCode}` : words;
  const took = durationMs !== undefined && (state === "done" || state === "failed") && durationMs >= 100;
  return (
    <span className="call-state">
      {took && <span className="call-time">{duration(durationMs)}</span>}
      <Badge tone={tone}>{code}</Badge>
    </span>
  );
}

const STATES: Record<Exclude<CallEntry["state"], "running">, [Tone, string]> = {
  writing: ["muted", "writing…"],
  waiting: ["muted", "waiting"],
  asked: ["warn", "asks you"],
  done: ["good", "done"],
  failed: ["bad", "failed"],
  declined: ["bad", "declined"],
  unrun: ["muted", "did not run"],
};

function Running({ startedAt }: { startedAt: number | undefined }) {
  const now = useNow(1000);
  const since = startedAt === undefined ? 0 : now - startedAt;
  return (
    <span className="call-state">
      {since >= 1000 && <span className="call-time">{duration(Math.floor(since / 1000) * 1000)}</span>}
      <Badge tone="accent">running</Badge>
    </span>
  );
}

function decisionWords({ review, by, client }: Decision): string {
  const what = review === "ALWAYS" ? "Allowed for the session" : review === "YES" ? "Approved" : "Declined";
  switch (by) {
    case "you":
      return `${what} by you.`;
    case "client":
      return `${what} by another client${client === undefined ? "" : ` (${shortId(client)})`}.`;
    case "policy":
      return `${what} by the server's policy.`;
    case "timeout":
      return "Nobody answered in time.";
    case "cancel":
      return "The turn was stopped.";
  }
}
