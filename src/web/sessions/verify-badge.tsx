import type { SessionListing, VerifyReport } from "../../contract/log.ts";
import { useQuery } from "@tanstack/react-query";
import { Badge } from "../parts/badge.tsx";
import { ShieldIcon } from "../parts/icons.tsx";
import { askRecord, sessionPath } from "../parts/record-api.ts";

/** Has the server compute a log's chain anew, when somebody asks for it. What came of it holds until the log grows. */
export function useVerify({ session_id, event_count }: Pick<SessionListing, "session_id" | "event_count">) {
  return useQuery({
    queryKey: ["verify", session_id, event_count],
    queryFn: ({ signal }) => askRecord<VerifyReport>(sessionPath(session_id, "/verify"), signal),
    enabled: false,
    staleTime: Infinity,
    gcTime: Infinity,
    retry: false,
  });
}

export function VerifyBadge({ session }: { session: SessionListing }) {
  const { data, isFetching, error, refetch } = useVerify(session);
  if (data?.ok === true) return <Badge tone="good">Verified</Badge>;
  if (data !== undefined) return <Badge tone="bad">{problemCount(data)}</Badge>;
  return (
    <button
      type="button"
      className="quiet"
      disabled={isFetching}
      aria-label={`Verify ${session.title ?? session.session_id}`}
      onClick={() => void refetch()}
    >
      <ShieldIcon /> {isFetching ? "Verifying…" : error === null ? "Verify" : "Try again"}
    </button>
  );
}

const problemCount = ({ problems: { length } }: VerifyReport): string =>
  length === 1 ? "1 problem" : `${length} problems`;
