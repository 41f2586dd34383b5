import type { AgentOutput } from "../../contract/agent.ts";
import type { MessageItem, Usage } from "../../contract/item.ts";
import type { TokenUsage } from "../../contract/model.ts";
import type { Tokens } from "./wire.ts";

/** What an agent says, in the words of our sessions. */

export const modelChanged = (model: string, reason?: string): AgentOutput => ({
  body: {
    type: "status",
    payload: { kind: "model_changed", model, provider: "codex", ...(reason !== undefined && { reason }) },
  },
});

export const retrying = (reason: string, attempt: number): AgentOutput => ({
  body: { type: "status", payload: { kind: "retrying", inMs: 0, reason, attempt } },
});

export function responseFinished(
  model: string,
  response: { id: string; usage: Usage; stop: "tool_calls" | "completed"; aside: boolean },
): AgentOutput {
  const { id: responseId, usage, stop, aside } = response;
  const what = { responseId, provider: "codex" as const, model, usage, ...(aside && { aside }) };
  return {
    body: { type: "status", payload: { kind: "response_finished", ...what } },
    audit: {
      response: { provider: "codex", requested_model: model, response_id: responseId, stop, usage },
    },
  };
}

export const compacted = (before: number, after: number): AgentOutput => ({
  body: {
    type: "context_compacted",
    payload: {
      oldTokenCount: before,
      newTokenCount: after,
      reductionPercent: before === 0 ? 0 : Math.max(0, Math.round((1 - after / before) * 100)),
      strategy: "codex",
    },
  },
});

export const unfinishedMessage = (id: string, text: string, model: string): MessageItem => ({
  type: "message",
  id,
  role: "assistant",
  content: [{ type: "output_text", text }],
  status: "incomplete",
  origin: { provider: "codex", model },
});

export const usageOf = (tokens: Tokens | undefined): TokenUsage => ({
  input_tokens: tokens?.inputTokens ?? 0,
  cached_input_tokens: tokens?.cachedInputTokens ?? 0,
  cache_write_input_tokens: tokens?.cacheWriteInputTokens ?? 0,
  output_tokens: tokens?.outputTokens ?? 0,
  reasoning_output_tokens: tokens?.reasoningOutputTokens ?? 0,
});
