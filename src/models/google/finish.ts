import type { StopReason, TokenUsage } from "../../contract/model.ts";
import type { UsageMetadata } from "./chunk.ts";

/** Google's words for an end, in ours; `STOP` is also said after calls. */
const STOP_REASONS: Record<string, StopReason> = {
  STOP: "completed",
  MAX_TOKENS: "max_output_tokens",
  SAFETY: "content_filter",
  RECITATION: "content_filter",
  LANGUAGE: "content_filter",
  BLOCKLIST: "content_filter",
  PROHIBITED_CONTENT: "content_filter",
  SPII: "content_filter",
  MODEL_ARMOR: "content_filter",
  IMAGE_SAFETY: "content_filter",
  IMAGE_PROHIBITED_CONTENT: "content_filter",
  IMAGE_RECITATION: "content_filter",
  MALFORMED_FUNCTION_CALL: "tool_call_invalid",
  UNEXPECTED_TOOL_CALL: "tool_call_invalid",
  TOO_MANY_TOOL_CALLS: "tool_call_invalid",
  // The response has reached a limit of one request, and goes on with the next.
  CONTINUATION: "pause",
};

/** Undefined for a reason that says nothing (`OTHER`), or that we do not know. */
export function stopReasonOf(finishReason: string, hasCalls: boolean): StopReason | undefined {
  const stop = STOP_REASONS[finishReason];
  return stop === "completed" && hasCalls ? "tool_calls" : stop;
}

/** Google counts thoughts beside the answer, and what its own tools read beside the prompt. */
export function usageOf(usage: UsageMetadata): TokenUsage {
  const reasoning = usage.thoughtsTokenCount ?? 0;
  return {
    input_tokens: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
    cached_input_tokens: usage.cachedContentTokenCount ?? 0,
    cache_write_input_tokens: 0,
    output_tokens: (usage.candidatesTokenCount ?? 0) + reasoning,
    reasoning_output_tokens: reasoning,
  };
}
