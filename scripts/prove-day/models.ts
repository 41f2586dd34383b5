import type { Model, SelectModel } from "../../src/contract/model.ts";
import { createAnthropicModel } from "../../src/models/anthropic/model.ts";
import { createGoogleModel } from "../../src/models/google/model.ts";
import { createOpenAIModel } from "../../src/models/openai/model.ts";
import { modelInfo, readRegistry } from "../../src/models/registry.ts";
import { withRetries } from "../../src/models/retry.ts";

const KEY = "sk-of-the-day";

/** The real adapters, with their real prices, on one address; retries do not wait. */
export function selectDayModel(url: string, contextWindow: number): SelectModel {
  const create = (name: string): Model => {
    const info = { ...modelInfo(readRegistry(), name), contextWindow };
    const common = { name, info, idleTimeoutMs: 20_000 };
    if (name.startsWith("claude")) return createAnthropicModel({ ...common, apiKey: KEY, baseUrl: url });
    if (name.startsWith("gemini"))
      return createGoogleModel({ ...common, credentials: { apiKey: KEY }, baseUrl: url });
    return createOpenAIModel({ ...common, apiKey: KEY, baseUrl: `${url}/v1`, wireApi: "responses" });
  };
  const models = new Map<string, Model>();
  return async (fullName) => {
    // As the log names it: with its provider before the name.
    const name = fullName.slice(fullName.indexOf("/") + 1);
    const model = models.get(name) ?? withRetries(create(name), { wait: async () => {} });
    models.set(name, model);
    return model;
  };
}
