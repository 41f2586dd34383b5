import { memo } from "react";
import { Link } from "wouter";
import type { SessionListing } from "../../contract/log.ts";
import { Badge } from "../parts/badge.tsx";
import { Readable } from "../parts/exact.tsx";
import { money, shortId } from "../parts/format.ts";
import { VerifyBadge } from "./verify-badge.tsx";
import { When } from "../parts/when.tsx";

interface SessionRowProps {
  index: number;
  /** Undefined while it is loaded. */
  session: SessionListing | undefined;
  total: number;
  style: React.CSSProperties;
}

export const SessionRow = memo(function SessionRow(props: SessionRowProps) {
  const { session, index, total, style } = props;
  if (session === undefined) {
    return (
      <li className="session-row" style={style} aria-hidden="true">
        <span className="session-ghost" />
      </li>
    );
  }
  return (
    <li className="session-row" style={style} aria-setsize={total} aria-posinset={index + 1}>
      <div className="session-name">
        <Link href={`/sessions/${session.session_id}`} className="session-link" data-row={index}>
          {session.title === null ? <em>No words yet</em> : <Readable text={session.title} />}
        </Link>
        <p className="session-sub">
          <State session={session} />
          <code>{shortId(session.session_id)}</code>
          <span>{session.event_count.toLocaleString()} events</span>
        </p>
      </div>
      <span className="session-model">
        {session.model === null ? "–" : <Readable text={session.model} />}
      </span>
      <span className="number">
        {session.turns.toLocaleString()}
        <span className="session-unit"> {session.turns === 1 ? "turn" : "turns"}</span>
      </span>
      <span className="number">
        {session.approvals.toLocaleString()}
        <span className="session-unit"> {session.approvals === 1 ? "approval" : "approvals"}</span>
      </span>
      <span
        className="number"
        title={session.cost === null ? "The price of its model is not known" : undefined}
      >
        {session.cost === null ? "–" : money(session.cost)}
      </span>
      <span className="session-time">
        <When iso={session.start_time} />
      </span>
      <span className="session-verify">
        <VerifyBadge session={session} />
      </span>
    </li>
  );
});

function State({ session: { state, legal_hold } }: { session: SessionListing }) {
  return (
    <>
      {state === "active" && <Badge tone="accent">Active</Badge>}
      {state === "archived" && <Badge>Archived</Badge>}
      {legal_hold && <Badge tone="warn">On hold</Badge>}
    </>
  );
}
