import { ConnectionError } from "./connection-error.ts";

/**
 * After these nothing is better on a second try: the session has ended, the other side does not speak the protocol, the
 * server does not want this client. All others (1001, 1006, 1009, 1011, 1012, 1013, ...) pass.
 */
const FINAL_CODES = [1000, 1002, 1003, 1007, 1008, 1010];

/** Of a connection that was open. `reason` is the server's word for it, or empty. */
export function closeError(code: number, reason: string): ConnectionError {
  const retryable = !FINAL_CODES.includes(code) || reason === "rate_limited";
  const message =
    reason === ""
      ? `the connection was lost (${code})`
      : `the server closed the connection: ${reason} (${code})`;
  return new ConnectionError({ code: reason || "connection_lost", message, retryable });
}
