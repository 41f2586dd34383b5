import type { Logger } from "pino";
import { AgentError, type ErrorCode } from "../contract/error.ts";

interface RefusalOptions {
  status: number;
  /** For programs, `snake_case`. */
  code: string;
  message: string;
  headers?: Record<string, string>;
  details?: Record<string, unknown> | undefined;
}

/** An HTTP request that is not answered as it wished. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly details: Record<string, unknown> | undefined;

  constructor({ status, code, message, headers = {}, details }: RefusalOptions) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.details = details;
  }

  /** The body of the answer. */
  get json(): string {
    return JSON.stringify({ error: { code: this.code, message: this.message, details: this.details } });
  }
}

/** What is neither a Refusal nor an AgentError is a fault of ours: logged whole, told without detail. */
export function toRefusal(error: unknown, log: Logger): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof AgentError) {
    const { code, message, details } = error;
    return new Refusal({ status: STATUS[code], code, message, details });
  }
  log.error({ err: error }, "a request failed");
  return new Refusal({ status: 500, code: "internal", message: "the server failed; its log says why" });
}

const STATUS: Record<ErrorCode, number> = {
  invalid_json: 400,
  invalid_message: 400,
  unknown_type: 400,
  unknown_response: 400,
  unknown_model: 400,
  context_window_exceeded: 400,
  content_filtered: 400,
  unknown_session: 404,
  no_pending_approval: 409,
  conflict: 409,
  turn_limit: 409,
  message_too_large: 413,
  rate_limited: 429,
  budget_exceeded: 429,
  internal: 500,
  provider_auth: 502,
  provider_bad_request: 502,
  provider_rate_limited: 502,
  provider_overloaded: 502,
  provider_unreachable: 502,
  provider_stream_broken: 502,
  missing_api_key: 503,
  log_unavailable: 503,
};
