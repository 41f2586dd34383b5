import { z } from "zod";

/** Every code that a client can see in an `error` message. */
export const ErrorCode = z.enum([
  "invalid_json",
  "invalid_message",
  "unknown_type",
  "message_too_large",
  "rate_limited",
  "no_pending_approval",
  "conflict",
  "unknown_session",
  "unknown_response",
  "unknown_model",
  "missing_api_key",
  "provider_auth",
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unreachable",
  "provider_bad_request",
  "provider_stream_broken",
  "context_window_exceeded",
  "content_filtered",
  "budget_exceeded",
  "turn_limit",
  "log_unavailable",
  "internal",
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

export interface AgentErrorOptions {
  /** Whether the same request may succeed later. Undefined where nobody knows. */
  retryable?: boolean;
  /** What the other side asked us to wait, in milliseconds. */
  retryAfterMs?: number;
  /** More for the client, JSON. Never a key, never a stack. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * An error that may be told to a client as it is. Whatever else is thrown is a fault of ours: logged whole, told as
 * `internal` without detail.
 */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AgentError";
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}
