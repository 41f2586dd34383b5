import type { StopReason, TokenUsage } from "../../contract/model.ts";
import type { WireUsage } from "./wire.ts";

/** The counts of one response, as the API tells them bit by bit. */
export class UsageCount {
  #counts: WireUsage = {};

  /** Later counts stand for the whole response so far: they replace, they do not add. */
  update(usage: WireUsage | null | undefined): void {
    const told = Object.entries(usage ?? {}).filter(([, count]) => count !== null && count !== undefined);
    this.#counts = { ...this.#counts, ...Object.fromEntries(told) };
  }

  /** The API counts cached input beside the input; here it is part of it. */
  total(): TokenUsage {
    const cached = this.#counts.cache_read_input_tokens ?? 0;
    const written = this.#counts.cache_creation_input_tokens ?? 0;
    const hour = this.#counts.cache_creation?.ephemeral_1h_input_tokens ?? 0;
    return {
      input_tokens: (this.#counts.input_tokens ?? 0) + cached + written,
      cached_input_tokens: cached,
      cache_write_input_tokens: written,
      ...(hour > 0 && { hour_cache_write_input_tokens: hour }),
      output_tokens: this.#counts.output_tokens ?? 0,
      reasoning_output_tokens: this.#counts.output_tokens_details?.thinking_tokens ?? 0,
    };
  }
}

const STOP_REASONS = new Map<string, StopReason>([
  ["max_tokens", "max_output_tokens"],
  ["pause_turn", "pause"],
  ["refusal", "refusal"],
  ["model_context_window_exceeded", "context_window"],
]);

/** `end_turn`, `tool_use`, `stop_sequence` and what is new to us: whether there are calls says it better. */
export function stopReasonOf(wireReason: string, hasCalls: boolean): StopReason {
  return STOP_REASONS.get(wireReason) ?? (hasCalls ? "tool_calls" : "completed");
}
