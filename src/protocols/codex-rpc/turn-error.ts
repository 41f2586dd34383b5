import type { ErrorCode } from "../../contract/error.ts";
import type { TurnError } from "./wire.ts";

/** The Codex app-server's words for our codes; what it has no word for is `other`. */
const INFO: Partial<Record<ErrorCode, string>> = {
  unknown_model: "modelNotFound",
  missing_api_key: "unauthorized",
  provider_auth: "unauthorized",
  provider_rate_limited: "rateLimitExceeded",
  provider_overloaded: "serverOverloaded",
  provider_bad_request: "badRequest",
  context_window_exceeded: "contextWindowExceeded",
  budget_exceeded: "sessionBudgetExceeded",
  internal: "internalServerError",
  log_unavailable: "internalServerError",
};

export const turnError = (message: string, code?: ErrorCode): TurnError => ({
  message,
  codexErrorInfo: (code && INFO[code]) ?? "other",
  additionalDetails: null,
});
