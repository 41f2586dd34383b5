import { expect, test } from "vitest";
import { availableModels } from "./select.ts";

const base = { model: "scripted", openaiWireApi: "responses", modelIdleTimeoutMs: 1000 } as const;

test("the server's own model comes first, then those whose provider has a key", () => {
  expect(availableModels(base)).toEqual([{ name: "scripted", provider: "scripted", contextWindow: 128_000 }]);
  const models = availableModels({ ...base, model: "claude-sonnet-5", googleApiKey: "key" });
  expect(models[0]).toEqual({ name: "claude-sonnet-5", provider: "anthropic", contextWindow: 1_000_000 });
  expect(new Set(models.slice(1).map(({ provider }) => provider))).toEqual(new Set(["google"]));
});

test("the server's own model is in the list once", () => {
  const names = availableModels({ ...base, model: "gpt-5", openaiApiKey: "key" }).map(({ name }) => name);
  expect(names.filter((name) => name === "gpt-5")).toHaveLength(1);
  expect(names).toContain("gpt-4.1");
});
