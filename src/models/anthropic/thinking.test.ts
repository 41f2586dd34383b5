import { describe, expect, it } from "vitest";
import { thinkingFor } from "./thinking.ts";

const BUDGET = { type: "enabled", budget_tokens: 16_000 };
const ADAPTIVE = { type: "adaptive", display: "summarized" };
const BOUND = { ...ADAPTIVE, block_binding: { prefix_mismatch_behavior: "drop_block" } };

describe("thinkingFor", () => {
  it.each([
    ["claude-2.1", undefined],
    ["claude-3-haiku-20240307", undefined],
    ["claude-3-5-sonnet-20241022", undefined],
    ["claude-3-7-sonnet-20250219", BUDGET],
    ["claude-sonnet-4-20250514", BUDGET],
    ["claude-opus-4-1-20250805", BUDGET],
    ["claude-haiku-4-5", BUDGET],
    ["claude-sonnet-4-5-20250929", BUDGET],
    ["anthropic.claude-opus-4-5-20251101-v1:0", BUDGET],
    ["claude-opus-4-6", ADAPTIVE],
    ["claude-sonnet-4-6", ADAPTIVE],
    ["claude-opus-4-8", ADAPTIVE],
    ["claude-mythos-preview", ADAPTIVE],
    ["claude-sonnet-5", ADAPTIVE],
    ["claude-opus-5-20260701", ADAPTIVE],
    ["claude-fable-5-1", BOUND],
    ["claude-sonnet-5-5", BOUND],
    ["claude-haiku-6", BOUND],
    ["kimi-k3", undefined],
  ])("asks %s for the thinking that it knows", (model, config) => {
    expect(thinkingFor(model, 64_000)?.config).toEqual(config);
  });

  it("keeps the budget below the output limit, and asks for none where too little would be left", () => {
    expect(thinkingFor("claude-sonnet-4-5", 8192)?.config).toEqual({ type: "enabled", budget_tokens: 4096 });
    expect(thinkingFor("claude-sonnet-4-5", 2048)?.config).toEqual({ type: "enabled", budget_tokens: 1024 });
    expect(thinkingFor("claude-sonnet-4-5", 2000)).toBeUndefined();
  });

  it("names the beta features that the thinking needs, and no others", () => {
    expect(thinkingFor("claude-3-7-sonnet-latest", 64_000)?.betas).toEqual([]);
    expect(thinkingFor("claude-opus-4-5", 64_000)?.betas).toEqual(["interleaved-thinking-2025-05-14"]);
    expect(thinkingFor("claude-opus-4-6", 64_000)?.betas).toEqual([]);
    expect(thinkingFor("claude-opus-5-5", 64_000)?.betas).toEqual(["thinking-binding-controls-2026-08-01"]);
  });
});
