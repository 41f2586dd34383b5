import { Link } from "wouter";
import { Badge } from "../parts/badge.tsx";
import { Readable } from "../parts/exact.tsx";
import { dateTime, duration, money, shortId, tokens } from "../parts/format.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { useVerify } from "../sessions/verify-badge.tsx";
import type { LogReader } from "./log-reader.ts";
import type { SessionRecord } from "./review-page.tsx";
import { SessionActions } from "./session-actions.tsx";
import { VerifyPanel } from "./verify-panel.tsx";

interface ReviewHeaderProps {
  id: string;
  session: SessionRecord | undefined;
  reader: LogReader;
  onChanged: () => void;
}

export function ReviewHeader({ id, session, reader, onChanged }: ReviewHeaderProps) {
  const verify = useVerify({ session_id: id, event_count: session?.event_count ?? 0 });
  return (
    <header className="review-head">
      <div className="review-title">
        <Link href="/sessions" className="review-back">
          Sessions
        </Link>
        <h1>
          {session?.title ? <Readable text={session.title} /> : <em>{placeholder(id, session, reader)}</em>}
        </h1>
      </div>
      {session && (
        <div className="review-line">
          <p className="review-facts">
            <Live session={session} reader={reader} />
            {session.legal_hold && <Badge tone="warn">On legal hold</Badge>}
            {verify.data?.ok === true && <Badge tone="good">Verified</Badge>}
            {verify.data?.ok === false && <Badge tone="bad">Not what was written</Badge>}
            <Facts session={session} />
          </p>
          <SessionActions session={session} verify={verify} onChanged={onChanged} />
        </div>
      )}
      <VerifyPanel id={id} verify={verify} />
      {reader.damage !== undefined && (
        <p className="review-damage" role="alert">
          {reader.damage} Verify tells which lines, and what became of them.{" "}
          {session === undefined && (
            <button type="button" className="quiet" onClick={() => void verify.refetch()}>
              Verify
            </button>
          )}
        </p>
      )}
    </header>
  );
}

/** In place of a title. */
function placeholder(id: string, session: SessionRecord | undefined, { damage }: LogReader): string {
  if (session) return "No words yet";
  return damage === undefined ? "…" : `Session ${shortId(id)}`;
}

function Live({ session: { state }, reader }: { session: SessionRecord; reader: LogReader }) {
  if (state === "archived") return <Badge>Archived</Badge>;
  if (state === "ended") return <Badge>Ended</Badge>;
  const isConnected = reader.state.kind === "live" && reader.state.isConnected;
  return (
    <Badge tone={isConnected ? "accent" : "muted"}>
      <span className="live-dot" data-on={isConnected} /> {isConnected ? "Live" : "Active"}
    </Badge>
  );
}

function Facts({ session }: { session: SessionRecord }) {
  // Somebody may have set the clock back.
  const time = Math.max(0, Date.parse(session.last_activity) - Date.parse(session.start_time));
  const used = session.tokens.input_tokens + session.tokens.output_tokens;
  const facts = [
    session.model ?? "no model yet",
    dateTime(session.start_time),
    duration(time),
    `${session.turns.toLocaleString()} ${session.turns === 1 ? "turn" : "turns"}`,
    `${tokens(used)} tokens`,
    money(session.cost),
  ];
  return (
    <>
      {facts.map((fact) => (
        <span key={fact} className="review-fact">
          <Readable text={fact} />
        </span>
      ))}
      <span className="review-fact review-id">
        <code title={session.session_id}>{shortId(session.session_id)}</code>
        <CopyButton text={session.session_id} label="Copy the session's id" />
      </span>
    </>
  );
}
