import { method } from "./call.ts";
import { Anything, ConfigRead, ModelList } from "./params.ts";
import { page } from "./page.ts";
import { policyWord } from "./settings.ts";

export const listModels = method(ModelList, ({ cursor, limit }, { hall }) => {
  const { models, facts } = hall;
  const data = models.map(({ name, provider }) => ({
    id: name,
    model: name,
    displayName: name,
    description: `A model of ${provider}.`,
    hidden: false,
    isDefault: name === facts.model,
    inputModalities: ["text", "image"],
    supportedReasoningEfforts: [{ reasoningEffort: "medium", description: "As the provider has it" }],
    defaultReasoningEffort: "medium",
  }));
  return { result: page(data, { cursor, limit, keyOf: ({ id }) => id }) };
});

/** The keys of the providers are the server's: no client needs an account. */
export const readAccount = method(Anything, () => ({ result: { account: null, requiresOpenaiAuth: false } }));

export const readConfig = method(ConfigRead, ({ cwd }, { hall }) => {
  const { model, provider, approvalPolicy, sandbox } = hall.facts;
  return {
    result: {
      config: {
        model,
        model_provider: provider,
        approval_policy: policyWord(approvalPolicy),
        sandbox_mode: sandbox,
        // Which folders are worked in is the server's to say: a client need not ask its user for that.
        ...(cwd !== undefined && { projects: { [cwd]: { trust_level: "trusted" } } }),
      },
      origins: {},
      layers: null,
    },
  };
});

const MODES = ["read-only", "workspace-write", "danger-full-access"] as const;

/** How far a client may go: never wider than the server itself. */
export const readRequirements = method(Anything, (_params, { hall }) => {
  const { approvalPolicy, sandbox } = hall.facts;
  return {
    result: {
      requirements: {
        allowedApprovalPolicies:
          approvalPolicy === "full-auto" ? ["untrusted", "on-request", "never"] : ["untrusted", "on-request"],
        allowedSandboxModes: MODES.slice(0, MODES.indexOf(sandbox) + 1),
      },
    },
  };
});

/** Clients ask for what a Codex app-server may have beside its tools: here there is none of it. */
export const listNone = method(Anything, () => ({ result: { data: [] } }));

export const listNoPlugins = method(Anything, () => ({ result: { marketplaces: [] } }));
