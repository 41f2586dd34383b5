import { z } from "zod";
import type { ErrorCode } from "../../contract/error.ts";
import type { ProviderFailure, StatusError } from "../errors.ts";

/** The error object of an HTTP answer, of an `error` event and of `response.failed`. */
const ErrorBody = z.object({
  message: z.string().nullish(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
  param: z.string().nullish(),
});

const CODES: Record<string, ErrorCode> = {
  invalid_api_key: "provider_auth",
  rate_limit_exceeded: "provider_rate_limited",
  insufficient_quota: "provider_rate_limited",
  context_length_exceeded: "context_window_exceeded",
  model_not_found: "unknown_model",
  content_policy_violation: "content_filtered",
  content_filter: "content_filtered",
  invalid_prompt: "provider_bad_request",
};

/** What OpenAI says more than a status. */
export function readFailure({ error }: Pick<StatusError, "error">): Partial<ProviderFailure> {
  const body = ErrorBody.safeParse(error);
  if (!body.success) return {};
  const { message, type, code } = body.data;
  const providerCode = String(code ?? type ?? "");
  const known = CODES[providerCode];
  return {
    ...(message ? { message } : {}),
    ...(providerCode === "" ? {} : { providerCode }),
    ...(known === undefined ? {} : { code: known }),
    // Waiting does not fill an account.
    ...(providerCode === "insufficient_quota" ? { retryable: false } : {}),
  };
}

/** An error within a stream. It comes flat or nested, and a self-hosted server may give a status as its code. */
export function streamFailure(error: unknown): ProviderFailure {
  const nested = z.object({ error: z.object({}).loose() }).safeParse(error);
  const body = nested.success ? nested.data.error : error;
  return { message: "an error without a message", status: statusOf(body), ...readFailure({ error: body }) };
}

function statusOf(body: unknown): number | undefined {
  const status = z.object({ code: z.coerce.number().int().min(400).max(599) }).safeParse(body);
  if (status.success) return status.data.code;
  const badRequest = z.object({ type: z.literal("invalid_request_error") }).safeParse(body);
  return badRequest.success ? 400 : undefined;
}

export function refusesSummaries(error: unknown): boolean {
  const parsed = z.object({ status: z.literal(400), error: ErrorBody }).safeParse(error);
  return parsed.success && parsed.data.error.param === "reasoning.summary";
}
