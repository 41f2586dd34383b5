import { join, sep } from "node:path";
import type { ApprovalPolicy, SandboxMode } from "../../contract/message.ts";
import { MARKER } from "./environment.ts";
import type { Folders } from "./folders.ts";
import { toml, type TomlValue } from "./toml.ts";

/** The engine's word for a policy: it asks us before every command and patch, or nobody at all. */
export const approvalWord = (policy: ApprovalPolicy) => (policy === "full-auto" ? "never" : "untrusted");

export interface EngineSettings {
  policy: ApprovalPolicy;
  sandbox: SandboxMode;
  network: boolean;
  /** Absolute, links resolved. */
  workspace: string;
  /** What the workspace's own files say, for threads that are begun without instructions of ours. */
  workspaceInstructions?: string | undefined;
  /** Absolute paths that no command may read; none of them holds the engine's folders. */
  hidden: readonly string[];
  /** Absolute paths that no command may change, though they may lie in the workspace. */
  readOnly: readonly string[];
  folders: Folders;
  /** False: the login in the engine's own folder counts. */
  hasKey: boolean;
  baseUrl?: string | undefined;
  marker: string;
}

/** Our name for the provider. */
const PROVIDER = "agentloop";

/**
 * Our name for the permissions of a mode: another one for each process, so that no configuration that the engine may
 * find anywhere can add to them.
 */
export const profileOf = (marker: string, mode: SandboxMode) =>
  `agentloop-${marker.replaceAll(".", "-")}-${mode}`;

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

/** Arguments of the program, with its settings: they win over those of any configuration file that it may find. */
export function engineArguments(settings: EngineSettings): string[] {
  const { policy, network, marker, workspace, workspaceInstructions, folders } = settings;
  const overrides: Record<string, TomlValue> = {
    // For threads that do not say it themselves: its configuration knows no word for asking always.
    approval_policy: policy === "full-auto" ? "never" : "on-request",
    ...sandboxOverrides(settings),
    ...providerOverrides(settings),
    shell_environment_policy: { inherit: "core", set: { [MARKER]: marker } },
    web_search: network ? "live" : "disabled",
    check_for_update_on_startup: false,
    mcp_servers: {},
    // Else the workspace's .codex folder could name programs to start, and commands that run outside the sandbox.
    projects: { [workspace]: { trust_level: "untrusted" } },
    // The engine reads no instructions where nothing is trusted.
    ...(workspaceInstructions !== undefined && { developer_instructions: workspaceInstructions }),
    sqlite_home: join(folders.data, "databases"),
    log_dir: join(folders.data, "log"),
    history: { persistence: "none" },
    ...Object.fromEntries(OFF.map((name) => [`features.${name}`, false])),
  };
  return [
    "app-server",
    ...Object.entries(overrides).flatMap(([name, value]) => ["-c", `${name}=${toml(value)}`]),
  ];
}

/** What its own sandbox allows is never more than ours: no temporary folder but its own, nothing hidden can be read. */
function sandboxOverrides(settings: EngineSettings): Record<string, TomlValue> {
  const { sandbox, network, workspace, hidden, folders, marker } = settings;
  if (sandbox === "danger-full-access") return { sandbox_mode: sandbox };
  const denied = Object.fromEntries([...hidden, folders.hidden].map((path) => [path, "deny"]));
  const inside = settings.readOnly.filter((path) => path.startsWith(workspace + sep));
  const fixed = Object.fromEntries(inside.map((path) => [path, "read"]));
  const more = network ? { network: { enabled: true } } : {};
  return {
    default_permissions: profileOf(marker, sandbox),
    [`permissions.${profileOf(marker, "read-only")}`]: { extends: ":read-only", filesystem: denied, ...more },
    ...(sandbox === "workspace-write" && {
      [`permissions.${profileOf(marker, sandbox)}`]: {
        extends: ":workspace",
        filesystem: { ":slash_tmp": "read", ...fixed, ...denied },
        ...more,
      },
    }),
  };
}

function providerOverrides({ hasKey, baseUrl }: EngineSettings): Record<string, TomlValue> {
  if (!hasKey && baseUrl === undefined) return {};
  return {
    model_provider: PROVIDER,
    [`model_providers.${PROVIDER}`]: {
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
