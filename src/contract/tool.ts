import type { z } from "zod";
import type { ToolFacts } from "./audit.ts";
import type { FileChange, Risk } from "./message.ts";
import type { ToolSpec } from "./model.ts";
import type { Sandbox } from "./sandbox.ts";

export interface ToolContext {
  /** Absolute, links resolved. */
  workspace: string;
  sandbox: Sandbox;
  /** Default and upper bound of a command's time. */
  timeoutMs: number;
  maxTimeoutMs: number;
  /** What a tool may tell the model at most, in bytes; the middle is cut out. */
  maxOutputBytes: number;
  /** Absolute paths that no patch may touch, beside those that never may: the server's own `.env`, keys and logs. */
  protectedPaths?: readonly string[];
  /** Where commands run as another user than the server's. Patches are that user's too. */
  asUser?: AsUser;
}

/** What the server itself does with the files of the user that commands run as. */
export type UserJob = "plan_patch" | "apply_patch" | "workspace_instructions";

/** Has a job done with that user's rights. Input and answer are JSON. Throws ToolError where the job does. */
export type AsUser = (job: UserJob, input: unknown) => Promise<unknown>;

/** What a call asks for. `read` changes nothing, `edit` changes files inside the workspace, `execute` is all else. */
export interface Assessment {
  effect: "read" | "edit" | "execute";
  /** In words for a person: why it asks, or why it need not. */
  reason: string;
  risk: Risk;
  /** What the person is shown; for a patch `["apply_patch", patch]`. */
  command: readonly string[];
  cwd: string;
  patch?: string;
  files?: readonly FileChange[];
  /** Two calls with the same key are the same for ALWAYS. */
  sameAs: string;
}

/** `output` is text as it is produced; `result` comes last and is what the model reads. */
export type ToolEvent =
  | { type: "output"; delta: string }
  | {
      type: "result";
      output: string;
      metadata: { exit_code: number | null; duration_seconds: number; [key: string]: unknown };
      facts?: ToolFacts;
    };

/**
 * What the model may call. `assess` and `run` throw ToolError when the model is to be told (a patch that does not fit,
 * a folder that does not exist); everything else thrown is a fault of ours. `assess` changes nothing.
 */
export interface Tool<Args = unknown> {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType<Args>;
  assess(args: Args, context: ToolContext): Promise<Assessment>;
  /** `patch`: the user's edited patch, in place of the one in `args`. */
  run(args: Args, context: ToolContext, signal: AbortSignal, patch?: string): AsyncIterable<ToolEvent>;
}

/** A tool's failure: an output that the model reads, not an error of the turn. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** One call of a tool with its arguments read and checked. */
export interface ToolCall {
  /** The tool that runs it: a `shell` call of `apply_patch` is an `apply_patch` call. */
  readonly name: string;
  assess(context: ToolContext): Promise<Assessment>;
  run(context: ToolContext, signal: AbortSignal, patch?: string): AsyncIterable<ToolEvent>;
}

/** All tools that a model is offered. */
export interface Toolbox {
  /** In a fixed order: the prompt cache depends on it. */
  readonly specs: readonly ToolSpec[];
  /** Throws ToolError for an unknown name, arguments that are no JSON object, or ones that do not fit the schema. */
  parse(name: string, argumentsJson: string): ToolCall;
}

export type { ToolFacts } from "./audit.ts";
