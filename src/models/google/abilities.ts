import type { ThinkingConfig } from "@google/genai";
import { bareName } from "./opaque.ts";

/** What a model takes, as far as its name tells: the API has no question for it and answers a wrong guess with 400. */
export interface Abilities {
  /** Absent where asking for thoughts is refused. */
  thinking?: ThinkingConfig;
  /** Since Gemini 3 the first call of each step must carry a thought signature. */
  needsSignatures: boolean;
  systemInstruction: boolean;
}

/** Models that draw, speak or measure; they do not think aloud. */
const NO_THOUGHTS = /image|tts|audio|live|embedding/;

export function abilitiesOf(model: string): Abilities {
  const name = bareName(model);
  const gemma = /^gemma-(\d+)/.exec(name);
  if (gemma) return { needsSignatures: false, systemInstruction: Number(gemma[1]) > 3 };
  const version = versionOf(name);
  const abilities: Abilities = { needsSignatures: version >= 3, systemInstruction: true };
  if (thinksByDefault(name, version)) abilities.thinking = { includeThoughts: true };
  return abilities;
}

/** 0 where the name has none. `gemini-flash-latest` and its like follow the newest model. */
function versionOf(name: string): number {
  if (/^gemini-.*latest$/.test(name)) return 3;
  const version = /^gemini-(\d+(?:\.\d+)?)/.exec(name)?.[1];
  return version === undefined ? 0 : Number(version);
}

/** Gemini 2.5 Flash-Lite does not think unless told to, and then refuses to include thoughts. */
function thinksByDefault(name: string, version: number): boolean {
  if (NO_THOUGHTS.test(name) || version < 2.5) return false;
  return !(name.includes("flash-lite") && (version < 3 || name.endsWith("latest")));
}
