import { AgentError, type ErrorCode } from "../../contract/error.ts";
import type { StopReason } from "../../contract/model.ts";
import type { BrokenResponse, ResponseResult } from "./turn.ts";

export type TurnEnd = "completed" | "cancelled";

/** What one step of a turn came to. After a `fault` the model is asked again, with a note where it must know of it. */
export type Step =
  | { kind: "more" }
  | { kind: "end"; status: TurnEnd }
  | { kind: "fault"; error: AgentError; note?: string };

/** Stops after which nothing of the response is done: its calls are not run. */
export const isEndOfAll = (stop: StopReason) =>
  stop === "content_filter" || stop === "refusal" || stop === "context_window";

/** Where a turn goes after a response whose calls have been answered. Throws what ends the turn as failed. */
export function afterResponse({ calls, hasText, stop }: ResponseResult, model: string): Step {
  switch (stop) {
    case "content_filter":
      throw new AgentError("content_filtered", `${model} was stopped by its provider's content filter.`);
    case "refusal":
      if (hasText) return { kind: "end", status: "completed" };
      throw new AgentError("content_filtered", `${model} refused to answer.`);
    case "context_window":
      throw new AgentError("context_window_exceeded", `${model} reached the end of its context window.`);
    case "tool_call_invalid":
      return {
        kind: "fault",
        error: new AgentError("provider_bad_request", `${model} wrote a tool call that nobody can read.`),
        note: "Your last tool call could not be read. Send it again as a well-formed call of one of the tools.",
      };
    case "pause":
      return { kind: "more" };
    case "max_output_tokens":
      if (calls.length === 0 && !hasText) {
        throw new AgentError(
          "provider_bad_request",
          `${model} used up its output limit before it said anything.`,
        );
      }
      break;
    case "completed":
    case "tool_calls":
      break;
  }
  return calls.length > 0 ? { kind: "more" } : { kind: "end", status: "completed" };
}

/** Finished items of a broken response stay, and the rest is asked for again. */
export function afterBreak({ calls, error }: BrokenResponse): Step {
  if (calls.length > 0) return { kind: "fault", error };
  return { kind: "fault", error, note: "The connection broke off here. Go on from where you stopped." };
}

/** Whether another provider may still answer; the model's own retries are behind us. */
export const isDown = ({ code }: AgentError) => DOWN.has(code);

const DOWN: ReadonlySet<ErrorCode> = new Set([
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unreachable",
  "provider_stream_broken",
]);
