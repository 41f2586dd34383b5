import { z } from "zod";
import type { Command, ProcessEvent } from "../../contract/sandbox.ts";
import type { Assessment, Tool, ToolContext, ToolEvent, ToolFacts } from "../../contract/tool.ts";
import { Transcript } from "../transcript.ts";
import { resolveWorkdir } from "../workdir.ts";
import { runnableVector } from "./argv.ts";
import { assessCommand } from "./assess.ts";
import { StreamReader } from "./stream-reader.ts";

type Exit = Extract<ProcessEvent, { type: "exit" }>;

/** What the line about the cut and the words about the end need of `maxOutputBytes`. */
const RESERVED_BYTES = 512;

const withoutNul = z.string().refine((text) => !text.includes("\0"), "must not contain a NUL character");

const Arguments = z.strictObject({
  command: z
    .array(withoutNul)
    .min(1)
    .refine(([program]) => program !== "", "the program's name must not be empty")
    .transform(([program = "", ...rest]): [string, ...string[]] => [program, ...rest])
    .describe('The argument vector, e.g. ["bash", "-lc", "ls -la"].'),
  workdir: withoutNul
    .optional()
    .describe("The folder to run in, relative to the workspace. Default: the workspace."),
  timeout_ms: z
    .number()
    .min(1)
    .optional()
    .describe("After how many milliseconds the command is ended, if not by default."),
});

/** Arguments of `shell`, with the command as a vector. */
export type ShellArguments = z.output<typeof Arguments>;

const DESCRIPTION = `Runs a command in the workspace and returns what it wrote to stdout and stderr.
- The command is an argument vector. For pipes, redirections and several commands use ["bash", "-lc", "SCRIPT"].
- Set workdir rather than using cd. Standard input is closed: do not start programs that ask questions.
- Every process that the command starts ends with it. Long output is cut in the middle.
- To change files use the apply_patch tool; to search use rg where there is one.`;

export const shellTool: Tool<ShellArguments> = {
  name: "shell",
  description: DESCRIPTION,
  schema: z.preprocess(leniently, Arguments),

  async assess(args, context): Promise<Assessment> {
    const cwd = await resolveWorkdir(context.workspace, args.workdir);
    return {
      ...(await assessCommand(args.command, cwd, context.workspace)),
      command: args.command,
      cwd,
      sameAs: JSON.stringify(["shell", args.command, cwd, context.sandbox.mode]),
    };
  },

  async *run(args, context, signal): AsyncIterable<ToolEvent> {
    const command = await prepare(args, context);
    const streams = { stdout: new StreamReader(), stderr: new StreamReader() };
    const transcript = new Transcript(Math.max(0, context.maxOutputBytes - RESERVED_BYTES));
    const tell = function* (text: string): Iterable<ToolEvent> {
      if (text === "") return;
      transcript.append(text);
      yield { type: "output", delta: text };
    };

    let exit: Exit | undefined;
    for await (const event of context.sandbox.run(command, signal)) {
      if (event.type === "exit") exit = event;
      else yield* tell(streams[event.stream].read(event.data));
    }
    if (exit === undefined) throw new Error("The sandbox ended without telling how the process ended.");
    yield* tell(streams.stdout.end() + streams.stderr.end());

    const facts: ToolFacts = {
      argv: command.argv,
      cwd: command.cwd,
      sandbox: boundsOf(command, context),
      exit_code: exit.exitCode,
      signal: exit.signal,
      timed_out: exit.timedOut,
      duration_ms: exit.durationMs,
      stdout: streams.stdout.facts(),
      stderr: streams.stderr.facts(),
      truncated: transcript.truncated,
    };
    yield {
      type: "result",
      output: withEnding(transcript.toString(), endInWords(exit, command.timeoutMs, signal.aborted)),
      metadata: metadataOf(exit, transcript.truncated),
      facts,
    };
  },
};

/** What models write although the schema says otherwise: a script in place of a vector, `timeout`, nulls. */
function leniently(input: unknown): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const given = Object.entries(input).filter(([, value]) => value !== null);
  const { command, timeout, ...rest }: Record<string, unknown> = Object.fromEntries(given);
  return {
    ...rest,
    ...(timeout !== undefined && rest.timeout_ms === undefined && { timeout_ms: timeout }),
    command: typeof command === "string" ? ["bash", "-c", command] : command,
  };
}

async function prepare(args: ShellArguments, context: ToolContext): Promise<Command> {
  const cwd = await resolveWorkdir(context.workspace, args.workdir);
  const { effect } = await assessCommand(args.command, cwd, context.workspace);
  return {
    argv: runnableVector(args.command),
    cwd,
    timeoutMs: Math.min(args.timeout_ms ?? context.timeoutMs, context.maxTimeoutMs),
    readOnly: effect === "read",
  };
}

/** What really held the command: without a sandbox nothing does, whatever was found of it. */
function boundsOf({ readOnly }: Command, { sandbox }: ToolContext) {
  return readOnly === true && sandbox.mode === "workspace-write" ? "read-only" : sandbox.mode;
}

function metadataOf(exit: Exit, truncated: boolean) {
  return {
    exit_code: exit.exitCode,
    duration_seconds: Math.round(exit.durationMs / 100) / 10,
    ...(exit.signal !== null && { signal: exit.signal }),
    ...(exit.timedOut && { timed_out: true }),
    ...(truncated && { truncated: true }),
  };
}

function endInWords(exit: Exit, timeoutMs: number, aborted: boolean): string | undefined {
  if (aborted) return "The command was cancelled before it ended.";
  if (exit.timedOut) return `The command did not end within ${timeoutMs / 1000} seconds and was ended.`;
  if (exit.outputLimit) return "The command wrote more than is allowed and was ended.";
  if (exit.signal !== null) return `The command was ended by signal ${exit.signal}.`;
  return undefined;
}

function withEnding(output: string, words: string | undefined): string {
  if (words === undefined) return output;
  return `${output}${output === "" || output.endsWith("\n") ? "" : "\n"}[${words}]`;
}
