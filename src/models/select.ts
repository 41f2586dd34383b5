import { AgentError } from "../contract/error.ts";
import type { Provider } from "../contract/item.ts";
import type { Model, ModelInfo, SelectModel } from "../contract/model.ts";
import { closest } from "fastest-levenshtein";
import type { GoogleCredentials } from "./google/credentials.ts";
import { modelInfo, readRegistry, type Registry } from "./registry.ts";
import { withRetries } from "./retry.ts";

/** Keys, addresses and limits; the names are those of the server's configuration. */
export interface SelectModelOptions {
  /** The default model, the only one whose provider may be set and that may name a script. */
  model: string;
  provider?: Provider | undefined;
  openaiApiKey?: string | undefined;
  openaiBaseUrl?: string | undefined;
  openaiWireApi: "responses" | "chat";
  anthropicApiKey?: string | undefined;
  anthropicBaseUrl?: string | undefined;
  googleApiKey?: string | undefined;
  googleBaseUrl?: string | undefined;
  googleCredentialsPath?: string | undefined;
  googleProject?: string | undefined;
  googleLocation?: string | undefined;
  googleVertexBaseUrl?: string | undefined;
  modelIdleTimeoutMs: number;
  modelRegistryPath?: string | undefined;
}

/**
 * Selects models by name. Selecting the default model at start shows whether it is known and has its key. Throws an
 * Error at once when the registry file is not valid.
 */
export function createSelectModel(options: SelectModelOptions): SelectModel {
  const registry = readRegistry(options.modelRegistryPath);
  return async (requested) => {
    const { provider, name } = chooseProvider(requested, options, registry);
    const info = modelInfo(registry, provider === "scripted" ? "scripted" : name);
    // An engine asks its models itself.
    if (provider === "codex") return engineModel(name, info);
    const model = await CREATE[provider]({ ...options, name, info });
    return withRetries(model);
  };
}

export interface AvailableModel {
  name: string;
  provider: Provider;
  /** In tokens. */
  contextWindow: number;
}

/** The default model first, and the known ones whose provider has a key. */
export function availableModels(options: SelectModelOptions): AvailableModel[] {
  const registry = readRegistry(options.modelRegistryPath);
  const hasKey: Record<Provider, boolean> = {
    openai: options.openaiApiKey !== undefined,
    anthropic: options.anthropicApiKey !== undefined,
    google: options.googleApiKey !== undefined || options.googleCredentialsPath !== undefined,
    scripted: false,
    codex: false,
  };
  const named = [...registry.keys()].flatMap((name) => {
    const provider = VENDORS.find((vendor) => NAMES[vendor].test(name));
    return provider !== undefined && hasKey[provider] && name !== options.model ? [{ name, provider }] : [];
  });
  const own = chooseProvider(options.model, options, registry);
  return [{ ...own, name: options.model }, ...named].map(({ name, provider }) => ({
    name,
    provider,
    contextWindow: modelInfo(registry, provider === "scripted" ? "scripted" : name).contextWindow,
  }));
}

const VENDORS: readonly Provider[] = ["openai", "anthropic", "google", "scripted", "codex"];

const NAMES: Record<Provider, RegExp> = {
  openai: /^(?:gpt-|o\d|codex-|chatgpt-|ft:)/,
  anthropic: /^claude/,
  google: /^(?:gemini-|gemma-|models\/)/,
  scripted: /^scripted/,
  // The engine, with the name of its model after a colon, or with its own default.
  codex: /^codex(?::|$)/,
};

/** A set provider decides for the default model, then the vendor before a slash, then the name itself. */
function chooseProvider(
  requested: string,
  { model, provider }: SelectModelOptions,
  registry: Registry,
): { provider: Provider; name: string } {
  if (provider !== undefined && requested === model) return { provider, name: ownName(provider, requested) };
  const slash = requested.indexOf("/");
  const vendor = VENDORS.find((known) => known === requested.slice(0, Math.max(0, slash)));
  if (vendor !== undefined) return { provider: vendor, name: ownName(vendor, requested.slice(slash + 1)) };
  const named = VENDORS.find((known) => NAMES[known].test(requested));
  if (named !== undefined) return { provider: named, name: ownName(named, requested) };
  throw new AgentError(
    "unknown_model",
    `The model ${JSON.stringify(requested)} is not known; the nearest known name is ${closest(requested, [...registry.keys()])}. ` +
      "A provider may stand before the name, as in openai/NAME, and PROVIDER names that of the server's own MODEL.",
    { retryable: false },
  );
}

/** The engine's own default model has no name. */
const ownName = (provider: Provider, name: string) =>
  provider === "codex" ? name.replace(NAMES.codex, "").replace(/^default$/, "") : name;

function engineModel(name: string, info: ModelInfo): Model {
  return {
    provider: "codex",
    name,
    info,
    stream() {
      throw new AgentError(
        "unknown_model",
        "The models of the codex engine answer in its own sessions only.",
      );
    },
  };
}

type Creation = SelectModelOptions & { name: string; info: ModelInfo };

/** Each adapter is loaded when its provider is first asked for. */
const CREATE: Record<Exclude<Provider, "codex">, (creation: Creation) => Promise<Model>> = {
  async openai({ name, info, openaiApiKey, openaiBaseUrl, openaiWireApi, modelIdleTimeoutMs }) {
    const apiKey = openaiApiKey ?? missingKey("openai", name);
    const { createOpenAIModel } = await import("./openai/model.ts");
    const options = { name, info, apiKey, baseUrl: openaiBaseUrl, wireApi: openaiWireApi };
    return createOpenAIModel({ ...options, idleTimeoutMs: modelIdleTimeoutMs });
  },

  async anthropic({ name, info, anthropicApiKey, anthropicBaseUrl, modelIdleTimeoutMs }) {
    const apiKey = anthropicApiKey ?? missingKey("anthropic", name);
    const { createAnthropicModel } = await import("./anthropic/model.ts");
    const baseUrl = anthropicBaseUrl === undefined ? {} : { baseUrl: anthropicBaseUrl };
    return createAnthropicModel({ name, info, apiKey, ...baseUrl, idleTimeoutMs: modelIdleTimeoutMs });
  },

  async google(creation) {
    const { name, info, googleBaseUrl, googleVertexBaseUrl, modelIdleTimeoutMs } = creation;
    const credentials = googleCredentials(creation);
    const baseUrl = "apiKey" in credentials ? googleBaseUrl : googleVertexBaseUrl;
    const { createGoogleModel } = await import("./google/model.ts");
    return createGoogleModel({ name, info, credentials, baseUrl, idleTimeoutMs: modelIdleTimeoutMs });
  },

  async scripted({ name, info, model }) {
    const path = /^scripted:(.+)$/.exec(name)?.[1];
    const { createScriptedModel } = await import("./scripted/model.ts");
    if (path === undefined) return createScriptedModel({ name, info });
    // A script is a file of this machine: a client must not choose which one is read.
    if (name !== model && `scripted/${name}` !== model) throw foreignScript(name);
    const { readScript } = await import("./scripted/script.ts");
    const { responses, ...playing } = await readScript(path);
    return createScriptedModel({ name, info, script: responses, ...playing });
  },
};

function googleCredentials(creation: Creation): GoogleCredentials {
  const { googleApiKey, googleCredentialsPath, googleProject, googleLocation, name } = creation;
  if (googleApiKey !== undefined) return { apiKey: googleApiKey };
  if (googleCredentialsPath === undefined) return missingKey("google", name);
  return { serviceAccountPath: googleCredentialsPath, project: googleProject, location: googleLocation };
}

const KEYS = {
  openai: "OPENAI_API_KEY is not set. Get a key at https://platform.openai.com/api-keys",
  anthropic: "ANTHROPIC_API_KEY is not set. Get a key at https://console.anthropic.com/settings/keys",
  google:
    "Neither GOOGLE_API_KEY (or GEMINI_API_KEY) nor GOOGLE_APPLICATION_CREDENTIALS is set. " +
    "Get a key at https://aistudio.google.com/apikey",
};

function missingKey(provider: keyof typeof KEYS, name: string): never {
  throw new AgentError(
    "missing_api_key",
    `The model ${name} needs a key of ${provider}. ${KEYS[provider]} (MODEL=scripted needs none.)`,
    {
      retryable: false,
    },
  );
}

const foreignScript = (name: string) =>
  new AgentError(
    "unknown_model",
    `Only the server's own MODEL may name a script, not ${JSON.stringify(name)}.`,
    {
      retryable: false,
    },
  );
