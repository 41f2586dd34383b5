import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "wouter";
import { SIGN_IN_KEY } from "../sign-in/use-sign-in.ts";
import type { Link as ServerLink } from "./talk-store.ts";

/** Says what became of a connection that is gone, and what can be done. */
export function ConnectionNotice({ link, onAgain }: { link: ServerLink; onAgain: () => void }) {
  const queries = useQueryClient();
  const { state, reason, code } = link;
  useEffect(() => {
    if (code === "unauthorized") void queries.invalidateQueries({ queryKey: SIGN_IN_KEY });
  }, [code, queries]);
  if (state === "reconnecting") {
    return (
      <p className="connection connection-wait" role="status">
        The connection was lost. The session goes on; this page comes back to it by itself.
      </p>
    );
  }
  if (state !== "closed") return null;
  const isUnknown = code === "unknown_session";
  return (
    <div className="connection connection-gone" role="alert">
      <p>
        {isUnknown ? "There is no such session on this server." : (reason ?? "The connection was closed.")}
      </p>
      {isUnknown ? (
        <Link href="/" className="button">
          New session
        </Link>
      ) : (
        <button type="button" className="button" onClick={onAgain}>
          Connect again
        </button>
      )}
    </div>
  );
}
