import { describe, expect, it } from "vitest";
import { abilitiesOf } from "./abilities.ts";

describe("what a model's name tells", () => {
  it.each([
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "models/gemini-2.5-pro",
    "publishers/google/models/gemini-3-pro-preview",
    "gemini-3.1-flash-lite",
    "gemini-10-pro",
    "gemini-flash-latest",
  ])("asks %s for its thoughts", (name) => {
    expect(abilitiesOf(name).thinking).toEqual({ includeThoughts: true });
  });

  it.each([
    "gemini-1.5-pro",
    "gemini-2.0-flash",
    "gemini-2.5-flash-lite",
    "gemini-flash-lite-latest",
    "gemini-2.5-flash-image",
    "gemini-2.5-flash-preview-tts",
    "gemma-3-27b-it",
    "gemma-4-31b-it",
    "tuned-by-us",
  ])("does not ask %s for thoughts, which it would refuse", (name) => {
    expect(abilitiesOf(name)).not.toHaveProperty("thinking");
  });

  it.each([
    ["gemini-2.5-pro", false],
    ["gemini-3-pro-preview", true],
    ["models/gemini-3.1-pro-preview", true],
    ["gemini-4-argon", true],
    ["gemini-pro-latest", true],
    ["gemma-4-31b-it", false],
  ])("knows whether %s needs signatures: %s", (name, needsSignatures) => {
    expect(abilitiesOf(name).needsSignatures).toBe(needsSignatures);
  });

  it.each([
    ["gemma-3n-e4b-it", false],
    ["gemma-4-31b-it", true],
    ["gemini-2.0-flash", true],
  ])("knows whether %s takes a system instruction: %s", (name, systemInstruction) => {
    expect(abilitiesOf(name).systemInstruction).toBe(systemInstruction);
  });
});
