import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createSelectModel, type SelectModelOptions } from "./select.ts";

const KEYS: SelectModelOptions = {
  model: "codex-mini-latest",
  openaiWireApi: "responses",
  modelIdleTimeoutMs: 90_000,
  openaiApiKey: "key-of-openai",
  anthropicApiKey: "key-of-anthropic",
  googleApiKey: "key-of-google",
};

test.each([
  ["gpt-5", "openai", "gpt-5"],
  ["o3", "openai", "o3"],
  ["codex-mini-latest", "openai", "codex-mini-latest"],
  ["chatgpt-4o-latest", "openai", "chatgpt-4o-latest"],
  ["ft:gpt-4o:acme", "openai", "ft:gpt-4o:acme"],
  ["claude-3-5-sonnet-20241022", "anthropic", "claude-3-5-sonnet-20241022"],
  ["gemini-1.5-pro", "google", "gemini-1.5-pro"],
  ["gemma-3-27b-it", "google", "gemma-3-27b-it"],
  ["models/gemini-2.5-pro", "google", "models/gemini-2.5-pro"],
  ["scripted", "scripted", "scripted"],
  ["openai/llama-3", "openai", "llama-3"],
  ["anthropic/claude-opus-4-1", "anthropic", "claude-opus-4-1"],
  ["openai/gemini-2.5-pro", "openai", "gemini-2.5-pro"],
  ["codex:gpt-5", "codex", "gpt-5"],
  ["codex/gpt-5", "codex", "gpt-5"],
  ["codex", "codex", ""],
  ["codex/default", "codex", ""],
])("%s is a model of %s named %s", async (requested, provider, name) => {
  expect(await createSelectModel(KEYS)(requested)).toMatchObject({ provider, name });
});

test("a set provider decides for the default model only", async () => {
  const select = createSelectModel({ ...KEYS, model: "meta/llama-3", provider: "openai" });
  expect(await select("meta/llama-3")).toMatchObject({ provider: "openai", name: "meta/llama-3" });
  expect(await select("claude-opus-4-1")).toMatchObject({ provider: "anthropic" });
  await expect(select("meta/llama-4")).rejects.toMatchObject({ code: "unknown_model" });
});

test("a name that is not known is refused with the nearest one", async () => {
  const refusal = createSelectModel(KEYS)("clade-opus-4-1");
  await expect(refusal).rejects.toMatchObject({ code: "unknown_model" });
  await expect(refusal).rejects.toThrow(
    '"clade-opus-4-1" is not known; the nearest known name is claude-opus-4-1.',
  );
});

test.each([
  ["gpt-5", "openaiApiKey", "OPENAI_API_KEY", "https://platform.openai.com/"],
  ["claude-opus-4-1", "anthropicApiKey", "ANTHROPIC_API_KEY", "https://console.anthropic.com/"],
  ["gemini-2.5-pro", "googleApiKey", "GOOGLE_API_KEY", "https://aistudio.google.com/"],
])(
  "%s without a key is refused with the variable and where to get one",
  async (name, field, variable, url) => {
    const refusal = createSelectModel({ ...KEYS, [field]: undefined })(name);
    await expect(refusal).rejects.toMatchObject({ code: "missing_api_key" });
    await expect(refusal).rejects.toThrow(variable);
    await expect(refusal).rejects.toThrow(url);
  },
);

test("a service account takes the place of a Google key", async () => {
  const options = { ...KEYS, googleApiKey: undefined, googleCredentialsPath: "account.json" };
  expect(await createSelectModel(options)("gemini-2.5-pro")).toMatchObject({ provider: "google" });
});

test("a model carries what is known of it", async () => {
  const model = await createSelectModel(KEYS)("gpt-4o-2024-11-20");
  expect(model.info).toEqual({
    contextWindow: 128_000,
    maxOutputTokens: 16_384,
    price: { input: 2.5, cachedInput: 1.25, cacheWrite: 2.5, output: 10 },
  });
});

test("the default model may name a script, a client may not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "select-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "script.json");
  writeFileSync(path, '[[{"text": "from the file"}]]');
  const name = `scripted:${path}`;
  const model = await createSelectModel({ ...KEYS, model: name })(name);
  expect(model.info.price?.output).toBe(0);
  const request = { instructions: "", items: [], tools: [], sessionId: "s" };
  const events = [];
  for await (const event of model.stream(request, new AbortController().signal)) events.push(event);
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "item",
      item: expect.objectContaining({ content: [{ type: "output_text", text: "from the file" }] }),
    }),
  );
  await expect(createSelectModel(KEYS)(name)).rejects.toMatchObject({ code: "unknown_model" });
});
