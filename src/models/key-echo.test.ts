import { afterEach, describe, expect, it } from "vitest";
import { AgentError } from "../contract/error.ts";
import type { ResponseItem } from "../contract/item.ts";
import type { Model } from "../contract/model.ts";
import { type FakeAnswer, type FakeProvider, startFakeProvider } from "../testing/fake-provider.ts";
import { createSelectModel, type SelectModelOptions } from "./select.ts";

/** The parts of a key that a provider may show; the rest it masks itself, or does not. */
const KEYS = {
  openai: "sk-proj-Kf3hQ7w8z9Lt",
  anthropic: "sk-ant-Kf3hQ7w8z9Lt",
  google: "AIzaSyKf3hQ7w8z9Lt",
};
const PARTS = /Kf3h|Q7w8|z9Lt/;
const masked = (key: string) => key.replace("Q7w8", "*".repeat(20));

const json = (status: number, body: object): FakeAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: [JSON.stringify(body)],
});

const openai = (message: string) =>
  json(401, { error: { message, type: "invalid_request_error", code: "invalid_api_key", param: null } });

const CASES: {
  provider: string;
  model: string;
  options?: Partial<SelectModelOptions>;
  answer: (said: string) => FakeAnswer;
}[] = [
  { provider: "openai", model: "gpt-5", answer: openai },
  { provider: "openai over chat", model: "gpt-5", options: { openaiWireApi: "chat" }, answer: openai },
  {
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    answer: (message) => json(401, { type: "error", error: { type: "authentication_error", message } }),
  },
  {
    provider: "google",
    model: "gemini-2.5-pro",
    answer: (message) =>
      json(400, {
        error: { code: 400, message, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] },
      }),
  },
];

const WORDS = [
  (key: string) => `Incorrect API key provided: ${key}. You can find your API key at https://example.com.`,
  (key: string) => `invalid x-api-key: ${key}`,
  (key: string) => `The key ${key} was revoked`,
  (key: string) => `Your api key: ****${key.slice(-8)} is invalid`,
  (key: string) => `bad header "Authorization: Bearer ${key}"`,
];

let provider: FakeProvider | undefined;
afterEach(() => provider?.close());

describe.each(CASES)("a key that $provider repeats", ({ model, options, answer, provider: name }) => {
  const key = KEYS[name.split(" ")[0] as keyof typeof KEYS];
  const said = WORDS.flatMap((words) => [words(key), words(masked(key))]);

  it.each(said)("stands in no part of the error: %s", async (words) => {
    provider = await startFakeProvider(answer(words));
    const select = createSelectModel({
      model,
      openaiApiKey: KEYS.openai,
      openaiBaseUrl: provider.url,
      openaiWireApi: "responses",
      anthropicApiKey: KEYS.anthropic,
      anthropicBaseUrl: provider.url,
      googleApiKey: KEYS.google,
      googleBaseUrl: provider.url,
      modelIdleTimeoutMs: 10_000,
      ...options,
    });
    const error = await failureOf(await select(model));
    expect(error).toBeInstanceOf(AgentError);
    const { code, message, details } = error as AgentError;
    expect(code).toBe("provider_auth");
    expect(message).toContain("[key]");
    expect(`${message} ${JSON.stringify(details)}`).not.toMatch(PARTS);
  });
});

/** What the model throws for a request. */
async function failureOf(model: Model): Promise<unknown> {
  const items: ResponseItem[] = [
    { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
  ];
  const request = { instructions: "", items, tools: [], sessionId: "s" };
  try {
    for await (const event of model.stream(request, new AbortController().signal)) void event;
  } catch (error) {
    return error;
  }
  return undefined;
}
