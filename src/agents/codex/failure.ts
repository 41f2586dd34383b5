import { AgentError, type ErrorCode } from "../../contract/error.ts";
import type { TurnError } from "./wire.ts";

/** The engine's own words for what went wrong. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  contextWindowExceeded: "context_window_exceeded",
  sessionBudgetExceeded: "budget_exceeded",
  usageLimitExceeded: "provider_rate_limited",
  rateLimitExceeded: "provider_rate_limited",
  serverOverloaded: "provider_overloaded",
  flexUnavailable: "provider_overloaded",
  policyCapacityUnavailable: "provider_overloaded",
  modelNotFound: "unknown_model",
  cyberPolicy: "content_filtered",
  misalignmentPolicyViolation: "content_filtered",
  inferenceHookDenied: "content_filtered",
  unauthorized: "provider_auth",
  badRequest: "provider_bad_request",
  internalServerError: "provider_overloaded",
  httpConnectionFailed: "provider_unreachable",
  responseStreamConnectionFailed: "provider_unreachable",
  responseStreamDisconnected: "provider_stream_broken",
  responseTooManyFailedAttempts: "provider_overloaded",
};

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unreachable",
  "provider_stream_broken",
]);

/** Why a turn failed, in the words of all our engines. */
export function failureOf({ message, codexErrorInfo, additionalDetails }: TurnError): AgentError {
  const code = codeOf(codexErrorInfo ?? "other", message);
  const details = additionalDetails ? ` (${additionalDetails})` : "";
  return new AgentError(code, `${message}${details}`, { retryable: RETRYABLE.has(code) });
}

function codeOf(info: string | Record<string, unknown>, message: string): ErrorCode {
  if (typeof info === "string")
    return CODES[info] ?? (isBrokenStream(message) ? "provider_stream_broken" : "internal");
  const [kind = "", detail] = Object.entries(info)[0] ?? [];
  return byStatus(statusOf(detail)) ?? CODES[kind] ?? "internal";
}

/** Told under "other", with no word of its own. */
const isBrokenStream = (message: string) => /stream disconnected|stream closed/i.test(message);

const statusOf = (detail: unknown): unknown =>
  typeof detail === "object" && detail !== null && "httpStatusCode" in detail
    ? detail.httpStatusCode
    : undefined;

function byStatus(status: unknown): ErrorCode | undefined {
  if (typeof status !== "number") return undefined;
  if (status === 401 || status === 403) return "provider_auth";
  if (status === 429) return "provider_rate_limited";
  if (status >= 500) return "provider_overloaded";
  return status >= 400 ? "provider_bad_request" : undefined;
}
