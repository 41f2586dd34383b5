import { dirname, join } from "node:path";
import type { ApprovalPolicy, SandboxMode } from "../../contract/message.ts";
import { type Folders, MARKER } from "./environment.ts";
import { toml, type TomlValue } from "./toml.ts";

/** The engine's word for a policy: it asks us before every command and patch, or nobody at all. */
export const approvalWord = (policy: ApprovalPolicy) => (policy === "full-auto" ? "never" : "untrusted");

export interface EngineSettings {
  policy: ApprovalPolicy;
  sandbox: SandboxMode;
  network: boolean;
  /** Absolute paths that no command may read. */
  hidden: readonly string[];
  folders: Folders;
  /** Undefined: the login in the engine's own folder counts. */
  hasKey: boolean;
  baseUrl?: string | undefined;
  marker: string;
}

/** Our name for the provider and the permissions that we define. */
export const OWN = "agentloop";

/**
 * Parts of the engine that a server has no use for: what waits for ever, what reaches out of the sandbox or into the
 * network by itself, and what acts beside the thread that we follow.
 */
const OFF = [
  "apps",
  "browser_use",
  "computer_use",
  "goals",
  "hooks",
  "image_generation",
  "memories",
  "multi_agent",
  "plugins",
  "remote_plugin",
  "shell_snapshot",
  "skill_mcp_dependency_install",
  "tool_suggest",
  "unbounded_connection_retries",
] as const;

/** Arguments of the program that set what its own settings may not change: they win over its configuration file. */
export function engineArguments(settings: EngineSettings): string[] {
  const { policy, network, marker } = settings;
  const overrides: Record<string, TomlValue> = {
    // For threads that do not say it themselves: its configuration knows no word for asking always.
    approval_policy: policy === "full-auto" ? "never" : "on-request",
    ...sandboxOverrides(settings),
    ...providerOverrides(settings),
    shell_environment_policy: { inherit: "core", set: { [MARKER]: marker } },
    web_search: network ? "live" : "disabled",
    check_for_update_on_startup: false,
    mcp_servers: {},
    ...Object.fromEntries(OFF.map((name) => [`features.${name}`, false])),
  };
  return [
    "app-server",
    ...Object.entries(overrides).flatMap(([name, value]) => ["-c", `${name}=${toml(value)}`]),
  ];
}

/** What its own sandbox allows is never more than ours: no temporary folder but its own, nothing hidden can be read. */
function sandboxOverrides({ sandbox, network, hidden, folders }: EngineSettings): Record<string, TomlValue> {
  if (sandbox === "danger-full-access") return { sandbox_mode: sandbox };
  const denied = [...hidden, ...secretsOf(folders)].filter((path) => !holds(path, folders));
  const filesystem = Object.fromEntries(denied.map((path) => [path, "deny"]));
  const isReadOnly = sandbox === "read-only";
  return {
    default_permissions: OWN,
    [`permissions.${OWN}`]: {
      extends: isReadOnly ? ":read-only" : ":workspace",
      filesystem: isReadOnly ? filesystem : { ":slash_tmp": "read", ...filesystem },
      ...(network && { network: { enabled: true } }),
    },
  };
}

const secretsOf = ({ state }: Folders) =>
  ["auth.json", "sessions", "archived_sessions", "history.jsonl", "log"].map((name) => join(state, name));

/** Commands start from a program in the engine's folder: hiding a folder above it would keep them all from starting. */
function holds(path: string, { state, temporary }: Folders): boolean {
  return [state, temporary].some((folder) => {
    for (let at = folder; ; at = dirname(at)) {
      if (at === path) return true;
      if (at === dirname(at)) return false;
    }
  });
}

function providerOverrides({ hasKey, baseUrl }: EngineSettings): Record<string, TomlValue> {
  if (!hasKey && baseUrl === undefined) return {};
  return {
    model_provider: OWN,
    [`model_providers.${OWN}`]: {
      // By this name the engine knows a server that summarises conversations itself.
      name: baseUrl === undefined ? "OpenAI" : "OPENAI_BASE_URL",
      base_url: baseUrl ?? "https://api.openai.com/v1",
      wire_api: "responses",
      ...(hasKey ? { env_key: "OPENAI_API_KEY" } : { requires_openai_auth: true }),
      request_max_retries: 2,
      stream_max_retries: 2,
      supports_websockets: false,
    },
  };
}
