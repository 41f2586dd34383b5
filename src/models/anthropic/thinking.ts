import type { BetaThinkingConfigParam } from "@anthropic-ai/sdk/resources/beta/messages/messages";

/** How a model is asked to think, and the beta features that this needs. */
export interface Thinking {
  config: BetaThinkingConfigParam;
  betas: string[];
  /** Whether every step of a tool turn must begin with a thinking block. */
  strict: boolean;
}

const BUDGET_TOKENS = 16_000;
const MIN_BUDGET_TOKENS = 1024;

/**
 * The thinking to ask of a model, undefined for none. Up to 4.5 with a budget (from 3.7 on), after that adaptive.
 * A Claude without a version in its name is taken for a new one; what is no Claude only speaks the same protocol.
 */
export function thinkingFor(model: string, maxTokens: number): Thinking | undefined {
  if (!/claude/i.test(model)) return undefined;
  const version = versionOf(model);
  if (version !== undefined && version < 3.7) return undefined;
  if (version !== undefined && version < 4.6) return budgeted(version, maxTokens);
  // Newer models leave the text of their thinking out unless asked for it.
  if (version === undefined || version < 5.1) {
    return { config: { type: "adaptive", display: "summarized" }, betas: [], strict: false };
  }
  // From 5.1 on a thinking block is valid only as long as nothing before it has changed. Compaction changes it: such
  // blocks are then to be left out by the API, which would refuse the request otherwise.
  return {
    config: {
      type: "adaptive",
      display: "summarized",
      block_binding: { prefix_mismatch_behavior: "drop_block" },
    },
    betas: ["thinking-binding-controls-2026-08-01"],
    strict: false,
  };
}

function budgeted(version: number, maxTokens: number): Thinking | undefined {
  const budget = Math.min(BUDGET_TOKENS, Math.floor(maxTokens / 2));
  if (budget < MIN_BUDGET_TOKENS) return undefined;
  return {
    config: { type: "enabled", budget_tokens: budget },
    // Lets the model think between its tool calls, which later models do of themselves.
    betas: version >= 4 ? ["interleaved-thinking-2025-05-14"] : [],
    strict: true,
  };
}

/** 3.5 of `claude-3-5-sonnet-20241022`, 4 of `claude-sonnet-4-20250514`, 4.1 of `claude-opus-4-1`. */
function versionOf(model: string): number | undefined {
  const found = /claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?(?!\d)/i.exec(model);
  return found ? Number(`${found[1]}.${found[2] ?? 0}`) : undefined;
}
