import type { Usage } from "../../contract/item.ts";
import type { EventMsg } from "./events.ts";

/** Adds up what the responses of a conversation used. */
export class TokenCounts {
  #total = {
    input_tokens: 0,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_output_tokens: 0,
    total_tokens: 0,
  };

  /** The event that tells of one more response. */
  add(usage: Usage): EventMsg {
    const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = usage;
    const last = {
      input_tokens,
      cached_input_tokens,
      output_tokens,
      reasoning_output_tokens,
      total_tokens: input_tokens + output_tokens,
    };
    const total = this.#total;
    this.#total = {
      input_tokens: total.input_tokens + last.input_tokens,
      cached_input_tokens: total.cached_input_tokens + last.cached_input_tokens,
      output_tokens: total.output_tokens + last.output_tokens,
      reasoning_output_tokens: total.reasoning_output_tokens + last.reasoning_output_tokens,
      total_tokens: total.total_tokens + last.total_tokens,
    };
    const info = { total_token_usage: this.#total, last_token_usage: last, model_context_window: null };
    return { type: "token_count", info, rate_limits: null };
  }
}
