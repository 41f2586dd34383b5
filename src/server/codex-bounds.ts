import { realpathSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { z } from "zod";
import { type ApprovalPolicy, SandboxMode } from "../contract/message.ts";

/** How far a client of the bridge may go. */
export interface Bounds {
  approvalPolicy: ApprovalPolicy;
  sandbox: SandboxMode;
  network: boolean;
  /** Absolute, links resolved. */
  workspace: string;
}

const Call = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string().optional(),
  params: z.unknown().optional(),
});
type Call = z.infer<typeof Call>;

/** A frame that is not passed on: what the client is told, in the protocol's words. */
export interface Refused {
  id: string | number | null;
  code: number;
  message: string;
}

/** Undefined for a frame that may pass. What cannot be read does not. */
export function refusalOf(frame: string, bounds: Bounds): Refused | undefined {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return { id: null, code: -32700, message: "Expected a JSON-RPC message, got invalid JSON." };
  }
  const call = Call.safeParse(value).data;
  if (call === undefined || Array.isArray(value)) {
    return { id: null, code: -32600, message: "Expected one JSON-RPC message: an object." };
  }
  const message = problemOf(call, bounds);
  return message === undefined ? undefined : { id: call.id ?? null, code: -32600, message };
}

function problemOf({ method, params }: Call, bounds: Bounds): string | undefined {
  // An answer, or a client without any bounds to pass.
  if (method === undefined) return undefined;
  const isFree = bounds.sandbox === "danger-full-access" && bounds.approvalPolicy === "full-auto";
  if (isFree) return undefined;
  if (!PASSES.test(method)) {
    return `${method} does not pass this server: it reaches beyond the sandbox, or nobody here knows how far it reaches.`;
  }
  const parsed = Settings.safeParse(params ?? {});
  if (!parsed.success) return `${method}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`;
  return widening(parsed.data, bounds);
}

/** What asks and tells within a thread, and what only reads what every client may know. All else would be a way around. */
const PASSES =
  /^(?:initialize|initialized|thread\/(?!shellCommand|approveGuardianDeniedAction|backgroundTerminals|realtime|memory|queue|increment_elicitation|decrement_elicitation).+|turn\/.+|review\/start|model\/list|modelProvider\/(?:list|capabilities\/read)|account\/(?:read|rateLimits\/read|usage\/read|workspaceMessages\/read)|config\/read|configRequirements\/read|permissionProfile\/list|experimentalFeature\/list|collaborationMode\/list|skills\/list|hooks\/list|mcpServerStatus\/list|app\/(?:list|installed)|plugin\/(?:list|installed))$/;

const Policy = z.union([z.string(), z.looseObject({})]);

const SandboxPolicy = z.looseObject({
  type: z.string(),
  networkAccess: z.union([z.boolean(), z.string()]).nullish(),
  writableRoots: z.array(z.string()).nullish(),
});

/** The settings by which a request can change what holds a thread. */
const Settings = z.looseObject({
  approvalPolicy: Policy.nullish(),
  approvalsReviewer: z.string().nullish(),
  sandbox: z.string().nullish(),
  sandboxPolicy: SandboxPolicy.nullish(),
  permissions: z.unknown().optional(),
  config: z.record(z.string(), z.unknown()).nullish(),
  cwd: z.string().nullish(),
  path: z.string().nullish(),
  runtimeWorkspaceRoots: z.array(z.string()).nullish(),
  environments: z.unknown().optional(),
});
type Settings = z.infer<typeof Settings>;

function widening(settings: Settings, bounds: Bounds): string | undefined {
  const { config, path, permissions, environments, approvalsReviewer } = settings;
  const beyond = Object.keys(config ?? {}).find((key) => !SAFE_CONFIG.test(key));
  if (beyond !== undefined) return `config.${beyond} is the server's to set.`;
  if (path) return "path is not for clients to name.";
  if ((permissions ?? null) !== null) return "permissions are the server's to set.";
  if (Array.isArray(environments) && environments.length > 0) return "environments are the server's to set.";
  if ((approvalsReviewer ?? "user") !== "user") return "approvalsReviewer: expected user.";
  return (
    policyProblem(settings, bounds) ?? sandboxProblem(settings, bounds) ?? folderProblem(settings, bounds)
  );
}

/** What a model is to be like. */
const SAFE_CONFIG =
  /^(?:model|model_reasoning_effort|model_reasoning_summary|model_verbosity|personality|service_tier)$/;

function policyProblem({ approvalPolicy }: Settings, { approvalPolicy: own }: Bounds): string | undefined {
  if (approvalPolicy === undefined || approvalPolicy === null || own === "full-auto") return undefined;
  if (approvalPolicy === "untrusted" || approvalPolicy === "on-request") return undefined;
  const got = JSON.stringify(approvalPolicy);
  return `approvalPolicy ${got} is wider than the server's own (${own}): expected untrusted or on-request.`;
}

const WIDTH: readonly string[] = SandboxMode.options;
const MODES: Readonly<Record<string, SandboxMode>> = {
  readOnly: "read-only",
  workspaceWrite: "workspace-write",
  dangerFullAccess: "danger-full-access",
};

function sandboxProblem({ sandbox, sandboxPolicy }: Settings, bounds: Bounds): string | undefined {
  const mode = sandboxPolicy ? MODES[sandboxPolicy.type] : sandbox;
  if (sandboxPolicy && mode === undefined)
    return `sandboxPolicy ${sandboxPolicy.type} is not for clients to set.`;
  if (mode && WIDTH.indexOf(mode) > WIDTH.indexOf(bounds.sandbox)) {
    return `The sandbox ${mode} is wider than the server's own (${bounds.sandbox}).`;
  }
  const network = sandboxPolicy?.networkAccess ?? false;
  if (!bounds.network && network !== false && network !== "restricted") {
    return "networkAccess is wider than the server's own (SANDBOX_NETWORK=off).";
  }
  return undefined;
}

function folderProblem(
  { cwd, runtimeWorkspaceRoots, sandboxPolicy }: Settings,
  bounds: Bounds,
): string | undefined {
  if (bounds.sandbox === "danger-full-access") return undefined;
  const folders = [
    ...(cwd ? [cwd] : []),
    ...(runtimeWorkspaceRoots ?? []),
    ...(sandboxPolicy?.writableRoots ?? []),
  ];
  const outside = folders.find((folder) => !isWithin(bounds.workspace, folder));
  return outside === undefined
    ? undefined
    : `${outside} is no folder within the server's workspace ${bounds.workspace}.`;
}

/** A relative one is meant from where the process was started: the workspace. */
function isWithin(workspace: string, folder: string): boolean {
  try {
    const way = relative(workspace, realpathSync(resolve(workspace, folder)));
    return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
  } catch {
    return false;
  }
}
