import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { useLocation, Link } from "wouter";
import type { ApprovalRecord, SessionListing } from "../../contract/log.ts";
import { askRecord, sessionPath, shouldRetry, toRecordError } from "../parts/record-api.ts";
import { Trouble } from "../parts/trouble.tsx";
import { addressOf, useView, type View, viewNames, VIEWS } from "./address.ts";
import { ApprovalsView } from "./approvals-view.tsx";
import { EventsView } from "./events-view.tsx";
import { FilesView } from "./files-view.tsx";
import type { LogReader } from "./log-reader.ts";
import { ReplayView } from "./replay-view.tsx";
import { ReviewHeader } from "./review-header.tsx";
import { TimelineView } from "./timeline-view.tsx";
import { useReader } from "./use-reader.ts";

const CostView = lazy(() => import("./cost-view.tsx"));

/** How often an active session's sums are asked for again. */
const REFRESH_MS = 5000;

export interface SessionRecord extends SessionListing {
  approval_requests: ApprovalRecord[];
}

/** One session: what was asked, done, approved and spent, line by line. */
export default function ReviewPage() {
  const [location] = useLocation();
  const id = /^\/sessions\/([^/]+)/.exec(location)?.[1] ?? "";
  return <Review key={id} id={id} />;
}

function Review({ id }: { id: string }) {
  const reader = useReader(id);
  const view = useView();
  const { data, error, refetch } = useQuery({
    queryKey: ["session", id],
    queryFn: ({ signal }) => askRecord<SessionRecord>(sessionPath(id), signal),
    refetchInterval: ({ state }) => (state.data?.state === "active" ? REFRESH_MS : false),
    retry: shouldRetry,
  });
  const title = data?.title ?? "Session";
  useEffect(() => {
    document.title = `${title.slice(0, 60)} · AgentLoop`;
  }, [title]);
  const refusal = error === null || data !== undefined ? undefined : toRecordError(error);
  // Of a log that is damaged there are no sums; its lines, as far as they can be read, are there.
  if (refusal !== undefined && refusal.code !== "log_unavailable") {
    return <Trouble error={refusal} onRetry={() => void refetch()} />;
  }
  if (reader.state.kind === "failed") {
    return <Trouble error={reader.state.error} onRetry={() => reader.start()} />;
  }
  return (
    <div className="review">
      <ReviewHeader id={id} session={data} reader={reader} onChanged={() => void refetch()} />
      <Views id={id} view={view} session={data} reader={reader} />
      <Suspense fallback={<p className="review-wait">Loading…</p>}>
        <Shown view={view} id={id} reader={reader} session={data} />
      </Suspense>
    </div>
  );
}

interface ViewProps {
  id: string;
  view: View;
  session: SessionRecord | undefined;
  reader: LogReader;
}

function Views({ id, view, session, reader }: ViewProps) {
  const files = new Set(reader.outline.files.map(({ path }) => path)).size;
  const counts: Partial<Record<View, number>> = {
    events: reader.outline.rows.length,
    approvals: session?.approval_requests.length ?? 0,
    files,
  };
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const current = nav.current?.querySelector("[aria-current]");
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [view]);
  return (
    <nav ref={nav} className="views" aria-label="Views of the session">
      {viewNames.map((name) => (
        <Link key={name} href={addressOf(id, name)} aria-current={name === view ? "page" : undefined}>
          {VIEWS[name]}
          {counts[name] !== undefined && <span className="views-count">{counts[name].toLocaleString()}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Shown({ view, id, reader, session }: ViewProps) {
  switch (view) {
    case "events":
      return <EventsView id={id} reader={reader} />;
    case "timeline":
      return <TimelineView id={id} reader={reader} />;
    case "replay":
      return <ReplayView id={id} reader={reader} />;
    case "approvals":
      return <ApprovalsView id={id} reader={reader} approvals={session?.approval_requests} />;
    case "files":
      return <FilesView id={id} reader={reader} />;
    case "cost":
      return <CostView reader={reader} />;
  }
}
