import { z } from "zod";
import type { ResponseItem } from "../../contract/item.ts";
import type { StopReason, TokenUsage } from "../../contract/model.ts";
import type { ResponseHead } from "./events.ts";

/** Why a response ended; `cut` is OpenAI's reason for one that is incomplete. */
export function stopOf(items: readonly ResponseItem[], cut: string | undefined): StopReason {
  if (cut === "content_filter") return "content_filter";
  if (cut !== undefined) return "max_output_tokens";
  if (items.some(({ type }) => type === "function_call")) return "tool_calls";
  if (items.some(waitsForUs)) return "tool_call_invalid";
  return items.some(refuses) ? "refusal" : "completed";
}

/** All counts are 0 where a server does not count. */
export function usageOf(usage: ResponseHead["usage"]): TokenUsage {
  return {
    input_tokens: usage?.input_tokens ?? 0,
    cached_input_tokens: usage?.input_tokens_details?.cached_tokens ?? 0,
    // Told by the models for which writing costs more.
    cache_write_input_tokens: usage?.input_tokens_details?.cache_write_tokens ?? 0,
    output_tokens: usage?.output_tokens ?? 0,
    reasoning_output_tokens: usage?.output_tokens_details?.reasoning_tokens ?? 0,
  };
}

const ForeignCall = z.object({ type: z.string().endsWith("_call"), call_id: z.string() });

/** A call of a tool that OpenAI defines and we do not offer: nobody can answer it. */
function waitsForUs(item: ResponseItem): boolean {
  return item.type === "provider_item" && ForeignCall.safeParse(item.origin.opaque).success;
}

function refuses(item: ResponseItem): boolean {
  return item.type === "message" && item.content.some(({ type }) => type === "refusal");
}
