import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KNOWN_MODELS } from "./known-models.ts";
import { modelInfo, readRegistry } from "./registry.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "registry-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function registryFile(text: string): string {
  const path = join(folder, "registry.json");
  writeFileSync(path, text);
  return path;
}

test.each([
  ["codex-mini-latest", "codex-mini-latest"],
  ["gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"],
  ["gpt-5-chat-latest", "gpt-5-chat"],
  ["claude-3-5-sonnet-20241022", "claude-3-5-sonnet"],
  ["claude-3-5-sonnet-latest", "claude-3-5-sonnet"],
  ["claude-opus-4-20250514", "claude-opus-4"],
  ["claude-opus-4-5-20251101", "claude-opus-4-5"],
  ["claude-sonnet-4@20250514", "claude-sonnet-4"],
  ["gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"],
  ["models/gemini-2.0-flash-001", "gemini-2.0-flash"],
])("%s is %s", (name, known) => {
  expect(KNOWN_MODELS.get(known)).toBeDefined();
  expect(modelInfo(KNOWN_MODELS, name)).toBe(KNOWN_MODELS.get(known));
});

test.each([
  ["gpt-4o-audio-preview", 128_000],
  ["ft:gpt-4o-mini-2024-07-18:acme::abc", 128_000],
  ["claude-opus-4-9", 200_000],
  ["gemini-2.5-flash-preview-tts", 1_048_576],
])("%s has the windows of its family and no price", (name, contextWindow) => {
  const info = modelInfo(KNOWN_MODELS, name);
  expect(info).toMatchObject({ contextWindow });
  expect(info.price).toBeUndefined();
});

test.each(["gpt-5.9", "gpt-40", "mistral-large", "o33"])("of %s nothing is known", (name) => {
  expect(modelInfo(KNOWN_MODELS, name)).toEqual({ contextWindow: 128_000, maxOutputTokens: 16_384 });
});

test("a file adds models and overrides known ones; cached input costs as much as input unless it says otherwise", () => {
  const own = { contextWindow: 32_000, maxOutputTokens: 4000 };
  const path = registryFile(
    JSON.stringify({ "our-model": { ...own, price: { input: 1, output: 2 } }, "gpt-5": own }),
  );
  const registry = readRegistry(path);
  expect(modelInfo(registry, "our-model-2026-01-01")).toEqual({
    ...own,
    price: { input: 1, cachedInput: 1, cacheWrite: 1, output: 2 },
  });
  expect(modelInfo(registry, "gpt-5")).toEqual(own);
  expect(modelInfo(registry, "gpt-5-mini")).toBe(KNOWN_MODELS.get("gpt-5-mini"));
});

test.each([
  ["no JSON", "{", "expected a JSON file"],
  ["a window that is no number", '{"m": {"contextWindow": "big", "maxOutputTokens": 1}}', "m.contextWindow"],
  ["a name that is not known", '{"m": {"contextWindow": 1, "maxOutputTokens": 1, "cost": 1}}', "cost"],
])("a file with %s is refused with what is wrong", (_name, text, words) => {
  const path = registryFile(text);
  expect(() => readRegistry(path)).toThrow(words);
  expect(() => readRegistry(path)).toThrow("MODEL_REGISTRY_PATH");
});

test("every known model has sensible numbers", () => {
  for (const [name, { contextWindow, maxOutputTokens, price }] of KNOWN_MODELS) {
    expect({ name, fits: maxOutputTokens <= contextWindow }).toEqual({ name, fits: true });
    expect({ name, cheaper: (price?.cachedInput ?? 1) <= (price?.input ?? 0) }).toEqual({
      name,
      cheaper: true,
    });
  }
});
