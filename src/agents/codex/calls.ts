import { z } from "zod";
import type { RawCall } from "./wire.ts";

/** A call of the model in the words of our own tools. */
export interface KnownCall {
  name: string;
  /** JSON, as our tool of this name reads it; for a tool of the engine's own, as the model wrote it. */
  arguments: string;
  /** It asks for more than the sandbox allows. */
  escalates: boolean;
}

const Shell = z.object({
  command: z.union([z.array(z.string()).min(1), z.string()]).optional(),
  cmd: z.string().optional(),
  workdir: z.string().nullish(),
  timeout_ms: z.number().nullish(),
  sandbox_permissions: z.string().nullish(),
  additional_permissions: z.unknown().optional(),
  with_escalated_permissions: z.boolean().nullish(),
});

/** The names that the engine has for running a command, by version and model. */
const SHELL_NAMES: ReadonlySet<string> = new Set(["exec_command", "shell_command", "shell", "local_shell"]);

/** `shell` and `apply_patch` for what runs commands and changes files; all other calls keep their names. */
export function knownCall(raw: RawCall): KnownCall {
  if (raw.name === "apply_patch")
    return { name: "apply_patch", arguments: patchArguments(raw), escalates: false };
  if (raw.type === "custom_tool_call") {
    return { name: raw.name, arguments: JSON.stringify({ input: raw.input }), escalates: false };
  }
  const shell = SHELL_NAMES.has(raw.name) ? Shell.safeParse(parsed(raw.arguments)).data : undefined;
  const command = shell && vectorOf(shell);
  if (shell === undefined || command === undefined) {
    return { name: raw.name, arguments: raw.arguments, escalates: false };
  }
  const { workdir, timeout_ms } = shell;
  const args = { command, ...(workdir && { workdir }), ...(timeout_ms && { timeout_ms }) };
  return { name: "shell", arguments: JSON.stringify(args), escalates: escalates(shell) };
}

/** What is neither left out nor the default asks for something else, whatever later versions call it. */
function escalates(shell: z.infer<typeof Shell>): boolean {
  const { sandbox_permissions: asked, additional_permissions: more, with_escalated_permissions: all } = shell;
  return (asked ?? "use_default") !== "use_default" || (more ?? undefined) !== undefined || all === true;
}

function vectorOf({ command, cmd }: z.infer<typeof Shell>): string[] | undefined {
  if (Array.isArray(command)) return command;
  const script = command ?? cmd;
  return script === undefined ? undefined : ["bash", "-lc", script];
}

function patchArguments(raw: RawCall): string {
  if (raw.type === "custom_tool_call") return JSON.stringify({ input: raw.input });
  return raw.arguments;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
