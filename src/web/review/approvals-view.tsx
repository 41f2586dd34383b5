import { Link } from "wouter";
import type { ApprovalRecord } from "../../contract/log.ts";
import { Badge } from "../parts/badge.tsx";
import { commandLine } from "../parts/command.ts";
import { Readable } from "../parts/exact.tsx";
import { duration } from "../parts/format.ts";
import { RiskBadge } from "../parts/risk.tsx";
import { When } from "../parts/when.tsx";
import { addressOf } from "./address.ts";
import { answerWord, deciderWords } from "./call-words.ts";
import type { LogReader } from "./log-reader.ts";
import { oneLine } from "./read.ts";

interface ApprovalsViewProps {
  id: string;
  reader: LogReader;
  /** Undefined while they are loaded. */
  approvals: readonly ApprovalRecord[] | undefined;
}

/** What was asked for, who answered what, and how long that took. */
export function ApprovalsView({ id, reader, approvals }: ApprovalsViewProps) {
  if (approvals === undefined) {
    const words = reader.damage === undefined ? "Reading…" : "A log that is damaged has no list of them.";
    return <p className="review-wait">{words}</p>;
  }
  if (approvals.length === 0) {
    return (
      <div className="empty">
        <h2>Nothing was asked for</h2>
        <p>No call of this session needed an approval. What it did stands under Events.</p>
      </div>
    );
  }
  return (
    <div className="cards" tabIndex={0} role="region" aria-label="Approvals">
      <p className="cards-sum">{sumOf(approvals)}</p>
      <ol>
        {approvals.map((approval) => (
          <Approval key={approval.seq} id={id} approval={approval} clients={reader.outline.clients} />
        ))}
      </ol>
    </div>
  );
}

function sumOf(approvals: readonly ApprovalRecord[]): string {
  const granted = approvals.filter(({ review }) => review === "YES" || review === "ALWAYS").length;
  const denied = approvals.filter(({ review }) => review?.startsWith("NO") === true).length;
  const open = approvals.filter(({ review }) => review === null).length;
  const waits = approvals
    .flatMap(({ latency_ms: wait }) => (wait === null ? [] : [wait]))
    .sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)];
  return [
    `${granted} approved`,
    `${denied} denied`,
    ...(open > 0 ? [`${open} open`] : []),
    ...(median === undefined
      ? []
      : [`half of them within ${duration(median)}`, `the longest took ${duration(waits.at(-1) ?? 0)}`]),
  ].join(" · ");
}

interface ApprovalProps {
  id: string;
  approval: ApprovalRecord;
  clients: ReadonlyMap<string, string>;
}

function Approval({ id, approval, clients }: ApprovalProps) {
  const { command, files, reason, risk, seq, decided_seq: decidedSeq } = approval;
  const what = files.length > 0 ? files.join(", ") : commandLine(command);
  return (
    <li className="card">
      <div className="card-head">
        <Decision approval={approval} />
        <RiskBadge risk={risk} />
        <span className="card-time">
          <When iso={approval.requested_at} />
        </span>
      </div>
      <p className="card-what">
        <code>
          <Readable text={oneLine(what, 600)} />
        </code>
      </p>
      <p>
        <Readable text={reason} />
      </p>
      <p className="card-who">
        {whoWords(approval, clients)} <Link href={addressOf(id, "events", seq)}>Request #{seq}</Link>
        {decidedSeq !== null && (
          <>
            {" · "}
            <Link href={addressOf(id, "events", decidedSeq)}>Decision #{decidedSeq}</Link>
          </>
        )}
      </p>
    </li>
  );
}

function Decision({ approval: { review, patch_edited: isEdited } }: { approval: ApprovalRecord }) {
  if (review === null) return <Badge tone="accent">Open</Badge>;
  return (
    <>
      <Badge tone={review.startsWith("NO") ? "bad" : "good"}>{answerWord(review)}</Badge>
      {isEdited && <Badge tone="warn">with an edited patch</Badge>}
    </>
  );
}

function whoWords(approval: ApprovalRecord, clients: ReadonlyMap<string, string>): string {
  const { decided_by: by, client, latency_ms: wait, scope } = approval;
  if (by === null) return "Nobody has answered yet.";
  const who =
    client === null ? deciderWords(by) : `by ${clients.get(client) ?? `the client ${client.slice(0, 8)}`}`;
  const time = wait === null ? "" : ` after ${duration(wait)}`;
  const covers = scope === null ? "" : ` It covers ${scope} from then on.`;
  return `Answered ${who}${time}.${covers}`;
}
