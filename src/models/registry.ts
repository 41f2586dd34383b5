import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ModelInfo } from "../contract/model.ts";
import { KNOWN_MODELS } from "./known-models.ts";

/** What is known of models, by name. */
export type Registry = ReadonlyMap<string, ModelInfo>;

const tokens = z.int().positive();
const dollars = z.number().min(0);

const Price = z
  .strictObject({
    input: dollars,
    output: dollars,
    cachedInput: dollars.optional(),
    cacheWrite: dollars.optional(),
    hourCacheWrite: z.exactOptional(dollars),
  })
  .transform(({ cachedInput, cacheWrite, ...price }) => ({
    ...price,
    cachedInput: cachedInput ?? price.input,
    cacheWrite: cacheWrite ?? price.input,
  }));

const RegistryFile = z.record(
  z.string().min(1),
  z.strictObject({ contextWindow: tokens, maxOutputTokens: tokens, price: z.exactOptional(Price) }),
);

/** The known models, and over them those of a JSON file. Throws an Error that says what is wrong with the file. */
export function readRegistry(path?: string): Registry {
  if (path === undefined) return KNOWN_MODELS;
  const file = RegistryFile.safeParse(parseFile(path));
  if (!file.success) {
    throw new Error(`MODEL_REGISTRY_PATH: ${path} is not valid:\n${z.prettifyError(file.error)}`);
  }
  return new Map([...KNOWN_MODELS, ...Object.entries(file.data)]);
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`MODEL_REGISTRY_PATH: expected a JSON file at ${path}: ${reason}`, { cause: error });
  }
}

const UNKNOWN: ModelInfo = { contextWindow: 128_000, maxOutputTokens: 16_384 };

/**
 * Finds a model by its name, else as a dated form of the longest name that it begins with. Of another variant of a
 * known model (`gpt-4o-audio`, `ft:gpt-4o`) the windows are taken and no price; of all others nothing is known.
 */
export function modelInfo(registry: Registry, fullName: string): ModelInfo {
  const exact = registry.get(fullName);
  if (exact) return exact;
  const name = fullName.replace(/^(?:models\/|ft:)/, "");
  const family = familyOf(registry, name);
  if (!family) return UNKNOWN;
  const isSame = IS_DATED.test(name.slice(family.name.length)) && !fullName.startsWith("ft:");
  if (isSame) return family.info;
  const { contextWindow, maxOutputTokens } = family.info;
  return { contextWindow, maxOutputTokens };
}

/** What follows the name of one and the same model: a date, a version, a channel. */
const IS_DATED = /^$|^[-@](?:\d{3,}|latest|preview(?:-\d|$)|exp(?:-\d|$)|default)/;

function familyOf(registry: Registry, name: string) {
  let longest: { name: string; info: ModelInfo } | undefined;
  for (const [candidate, info] of registry) {
    const begins =
      name === candidate || (name.startsWith(candidate) && /^[-@:]/.test(name.slice(candidate.length)));
    if (begins && candidate.length > (longest?.name.length ?? 0)) longest = { name: candidate, info };
  }
  return longest;
}
