import { Link } from "wouter";
import type { RecordError } from "./record-api.ts";

/** Says what went wrong and what can be done. */
export function Trouble({ error, onRetry }: { error: RecordError; onRetry?: () => void }) {
  const isSignedOut = error.status === 401;
  return (
    <div className="empty" role="alert">
      <h2>
        {isSignedOut
          ? "Sign in to see the record"
          : error.status === 404
            ? "There is no such session"
            : "This did not work"}
      </h2>
      <p>{isSignedOut ? "The server asks for its token." : error.message}</p>
      {isSignedOut && (
        <Link href="/sign-in" className="button button-main">
          Sign in
        </Link>
      )}
      {error.status === 404 && (
        <Link href="/sessions" className="button button-main">
          All sessions
        </Link>
      )}
      {!isSignedOut && error.status !== 404 && onRetry !== undefined && (
        <button type="button" className="button button-main" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
