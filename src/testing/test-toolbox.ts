import { once } from "node:events";
import { z } from "zod";
import {
  type Assessment,
  type ToolCall,
  type ToolContext,
  ToolError,
  type Toolbox,
} from "../contract/tool.ts";

const Arguments = z.object({
  say: z.string().default(""),
  /** Runs until it is aborted. */
  hang: z.boolean().default(false),
  fail: z.string().optional(),
  input: z.string().optional(),
});

/** What ran, in order. */
export interface ToolRun {
  name: string;
  say: string;
  patch?: string | undefined;
}

/**
 * Tools without a process: `look` reads, `apply_patch` edits, everything else executes. `runs` tells what ran, and
 * `started` fires when a call hangs.
 */
export function createTestToolbox(): Toolbox & { runs: ToolRun[]; started: EventTarget } {
  const runs: ToolRun[] = [];
  const started = new EventTarget();
  return {
    runs,
    started,
    specs: ["shell", "apply_patch", "look"].map((name) => ({
      name,
      description: name,
      parameters: { type: "object", properties: {} },
    })),
    parse(name, json) {
      const read = Arguments.safeParse(parseJson(json));
      if (!read.success) throw new ToolError(`${name}: the arguments are no JSON object`);
      return testCall(name, read.data, { runs, started });
    },
  };
}

function testCall(
  name: string,
  args: z.infer<typeof Arguments>,
  { runs, started }: { runs: ToolRun[]; started: EventTarget },
): ToolCall {
  return {
    name,
    assess: async ({ workspace }) => assess(name, args, workspace),
    async *run(_context, signal, patch) {
      runs.push({ name, say: args.say, patch });
      if (args.fail !== undefined) throw new ToolError(args.fail);
      yield { type: "output", delta: args.say };
      if (args.hang) {
        started.dispatchEvent(new Event("hanging"));
        if (!signal.aborted) await once(signal, "abort");
      }
      yield { type: "result", output: patch ?? args.say, metadata: { exit_code: 0, duration_seconds: 0 } };
    },
  };
}

async function assess(name: string, args: z.infer<typeof Arguments>, cwd: string): Promise<Assessment> {
  if (args.input?.includes("does not fit")) throw new ToolError("hunk 1 does not fit");
  const effects: Record<string, Assessment["effect"]> = { look: "read", apply_patch: "edit" };
  return {
    effect: effects[name] ?? "execute",
    reason: `${name} is under test`,
    risk: "low",
    command: [name, args.say],
    cwd,
    sameAs: JSON.stringify([name, args.say]),
    ...(args.input !== undefined && { patch: args.input, files: [] }),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A context for tools that look at nothing of it but the workspace. */
export const testContext = (workspace = "/workspace"): ToolContext => ({
  workspace,
  sandbox: {
    mode: "read-only",
    run() {
      throw new Error("this test runs no process");
    },
  },
  timeoutMs: 1000,
  maxTimeoutMs: 1000,
  maxOutputBytes: 1000,
});
