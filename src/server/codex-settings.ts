import { realpathSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { z } from "zod";
import { type ApprovalPolicy, SandboxMode } from "../contract/message.ts";
import { HARMLESS, SETTING_METHODS } from "./codex-methods.ts";

/** How far a client of the bridge may go. */
export interface Bounds {
  approvalPolicy: ApprovalPolicy;
  sandbox: SandboxMode;
  network: boolean;
  /** Absolute, links resolved. */
  workspace: string;
  /** Absolute paths that nobody may read. */
  hidden: readonly string[];
  /** The permission profile by which the client's process knows a mode; it hides what the server hides. */
  profileOf: (mode: SandboxMode) => string;
}

const SandboxPolicy = z.looseObject({
  type: z.string(),
  networkAccess: z.union([z.boolean(), z.string()]).nullish(),
  writableRoots: z.array(z.string()).nullish(),
});

/** The parameters by which a request can change what holds a thread, and those that name paths. */
const CHECKED = {
  approvalPolicy: z.union([z.string(), z.looseObject({})]).nullish(),
  approvalsReviewer: z.string().nullish(),
  sandbox: SandboxMode.nullish(),
  sandboxPolicy: SandboxPolicy.nullish(),
  config: z.record(z.string(), z.unknown()).nullish(),
  cwd: z.union([z.string(), z.array(z.string())]).nullish(),
  cwds: z.array(z.string()).nullish(),
  runtimeWorkspaceRoots: z.array(z.string()).nullish(),
  environments: z.array(z.unknown()).nullish(),
  permissions: z.unknown().optional(),
  input: z.array(z.looseObject({ type: z.string(), path: z.string().nullish() })).nullish(),
};
export const Settings = z.looseObject(CHECKED);
export type Settings = z.infer<typeof Settings>;

/** Says what is wider than the bounds, or cannot be held against them. */
export function settingsProblem(method: string, settings: Settings, bounds: Bounds): string | undefined {
  const { config, environments, approvalsReviewer } = settings;
  const unknown = SETTING_METHODS.has(method) ? unknownOf(settings) : undefined;
  if (unknown !== undefined) return `${method}: ${unknown} is not for clients to set.`;
  const beyond = Object.keys(config ?? {}).find((key) => !SAFE_CONFIG.test(key));
  if (beyond !== undefined) return `config.${beyond} is the server's to set.`;
  if ((environments ?? []).length > 0) return "environments are the server's to set.";
  if ((approvalsReviewer ?? "user") !== "user") return "approvalsReviewer: expected user.";
  return (
    policyProblem(settings, bounds) ??
    profileProblem(settings, bounds) ??
    modeProblem(settings, bounds) ??
    networkProblem(settings, bounds) ??
    folderProblem(settings, bounds) ??
    turnModeProblem(settings, bounds) ??
    fileProblem(settings, bounds)
  );
}

const unknownOf = (settings: Settings): string | undefined =>
  Object.entries(settings).find(
    ([name, value]) => !isNothing(value) && !Object.hasOwn(CHECKED, name) && !HARMLESS.has(name),
  )?.[0];

const isNothing = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);

/** What a model is to be like. */
const SAFE_CONFIG =
  /^(?:model|model_reasoning_effort|model_reasoning_summary|model_verbosity|personality|service_tier)$/;

function policyProblem({ approvalPolicy }: Settings, { approvalPolicy: own }: Bounds): string | undefined {
  if (approvalPolicy === undefined || approvalPolicy === null || own === "full-auto") return undefined;
  if (approvalPolicy === "untrusted" || approvalPolicy === "on-request") return undefined;
  const got = JSON.stringify(approvalPolicy);
  return `approvalPolicy ${got} is wider than the server's own (${own}): expected untrusted or on-request.`;
}

/** A client goes on with what it was told that its thread has. */
function profileProblem({ permissions }: Settings, { sandbox, profileOf }: Bounds): string | undefined {
  if (permissions === undefined || permissions === null) return undefined;
  const own = (["read-only", "workspace-write"] as const).filter((mode) => !isWider(mode, sandbox));
  if (sandbox !== "danger-full-access" && own.some((mode) => profileOf(mode) === permissions))
    return undefined;
  return "permissions are the server's to set.";
}

const WIDTH: readonly string[] = SandboxMode.options;
const isWider = (mode: SandboxMode, own: SandboxMode) => WIDTH.indexOf(mode) > WIDTH.indexOf(own);

const MODES: ReadonlyMap<string, SandboxMode> = new Map([
  ["readOnly", "read-only"],
  ["workspaceWrite", "workspace-write"],
  ["dangerFullAccess", "danger-full-access"],
]);

function modeProblem({ sandbox, sandboxPolicy }: Settings, bounds: Bounds): string | undefined {
  const modes = sandbox ? [sandbox] : [];
  if (sandboxPolicy) {
    const mode = MODES.get(sandboxPolicy.type);
    if (mode === undefined) return `sandboxPolicy ${sandboxPolicy.type} is not for clients to set.`;
    modes.push(mode);
  }
  const wider = modes.find((mode) => isWider(mode, bounds.sandbox));
  return wider && `The sandbox ${wider} is wider than the server's own (${bounds.sandbox}).`;
}

function networkProblem({ sandboxPolicy }: Settings, { network }: Bounds): string | undefined {
  const asked = sandboxPolicy?.networkAccess ?? false;
  if (network || asked === false || asked === "restricted") return undefined;
  return "networkAccess is wider than the server's own (SANDBOX_NETWORK=off).";
}

/**
 * In each folder that a thread works in, the engine would trust what it finds in `.codex`: programs to start, and
 * commands that it then runs outside the sandbox. Only of the workspace itself it is told not to.
 */
function folderProblem(settings: Settings, { workspace }: Bounds): string | undefined {
  const { cwd, cwds, runtimeWorkspaceRoots, sandboxPolicy } = settings;
  const folders = [cwd, cwds, runtimeWorkspaceRoots, sandboxPolicy?.writableRoots].flatMap(
    (each) => each ?? [],
  );
  const other = folders.find((folder) => folder !== workspace && folder !== ".");
  return other === undefined
    ? undefined
    : `${other} is not the server's workspace ${workspace}; no folder within it may be named either.`;
}

/** A turn can be given a mode by the engine's own name for it alone, which hides nothing. */
function turnModeProblem({ sandboxPolicy }: Settings, { sandbox }: Bounds): string | undefined {
  if (!sandboxPolicy || sandbox === "danger-full-access") return undefined;
  if (MODES.get(sandboxPolicy.type) === sandbox) return undefined;
  return `sandboxPolicy ${sandboxPolicy.type} is not for clients to set: begin a thread with the sandbox that it is to have.`;
}

/** The engine reads these files itself, outside of any sandbox. */
function fileProblem({ input }: Settings, { workspace, hidden }: Bounds): string | undefined {
  const paths = (input ?? []).flatMap(({ type, path }) => (path && type.startsWith("local") ? [path] : []));
  const beyond = paths.find((path) => !mayRead(resolve(workspace, path), workspace, hidden));
  return beyond && `${beyond} is no file in the server's workspace ${workspace} that may be read.`;
}

function mayRead(path: string, workspace: string, hidden: readonly string[]): boolean {
  const real = withoutLinks(path);
  if (real === undefined || !isWithin(workspace, real)) return false;
  return !hidden.some((each) => isWithin(withoutLinks(each) ?? each, real));
}

function withoutLinks(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}

/** The same with the server's profile instead of a mode; undefined where none is named. */
export function settingsInProfile(
  settings: Settings,
  { sandbox: own, profileOf }: Bounds,
): Settings | undefined {
  const { sandbox, sandboxPolicy, config } = settings;
  if (own === "danger-full-access" || (!sandbox && !sandboxPolicy)) return undefined;
  return {
    ...settings,
    // The thread's own counts, which is the server's or narrower.
    ...(sandboxPolicy && { sandboxPolicy: null }),
    ...(sandbox && { sandbox: null, config: { ...config, default_permissions: profileOf(sandbox) } }),
  };
}
