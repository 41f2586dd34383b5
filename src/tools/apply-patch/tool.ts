import { z } from "zod";
import type { FileChange, Risk } from "../../contract/message.ts";
import type { Assessment, Tool, ToolContext, ToolEvent, ToolFacts } from "../../contract/tool.ts";
import { Transcript } from "../transcript.ts";
import { DESCRIPTION } from "./description.ts";
import { AppliedPatch, applyJob, type PatchJob, PlannedPatch, planJob } from "./job.ts";

type Change = Omit<FileChange, "diff">;

const Arguments = z.strictObject({
  input: z.string().min(1).describe('The whole patch, from "*** Begin Patch" to "*** End Patch".'),
});
export type ApplyPatchArguments = z.output<typeof Arguments>;

const RISKS: Readonly<Record<Change["kind"], Risk>> = {
  add: "low",
  update: "medium",
  move: "medium",
  delete: "high",
};
const RISK_ORDER: readonly Risk[] = ["low", "medium", "high"];
const VERBS: Readonly<Record<Change["kind"], string>> = {
  add: "adds",
  update: "updates",
  move: "moves",
  delete: "deletes",
};
const MAX_FILES_IN_REASON = 5;
/** What the line about a cut needs of `maxOutputBytes`. */
const RESERVED_BYTES = 64;

export const applyPatchTool: Tool<ApplyPatchArguments> = createApplyPatchTool();

/** `workdir`: the folder that the paths of the patch are relative to, itself absolute or relative to the workspace. */
export function createApplyPatchTool(workdir = ""): Tool<ApplyPatchArguments> {
  return {
    name: "apply_patch",
    description: DESCRIPTION,
    schema: z.preprocess(leniently, Arguments),

    async assess({ input }, context): Promise<Assessment> {
      const { cwd, files } = await plan(jobOf(input, workdir, context), context);
      return {
        effect: "edit",
        reason: reasonOf(files),
        risk: RISK_ORDER.findLast((risk) => files.some(({ kind }) => RISKS[kind] === risk)) ?? "low",
        command: ["apply_patch", input],
        cwd,
        patch: input,
        files,
        sameAs: JSON.stringify(["apply_patch", context.workspace]),
      };
    },

    async *run({ input }, context, signal, patch): AsyncIterable<ToolEvent> {
      const startedAt = performance.now();
      const { files } = await apply(jobOf(patch ?? input, workdir, context), context, signal);
      const durationMs = performance.now() - startedAt;
      const told = new Transcript(Math.max(0, context.maxOutputBytes - RESERVED_BYTES));
      told.append(summaryOf(files));
      if (patch !== undefined && patch !== input) told.append(editedNote(patch));
      yield {
        type: "result",
        output: told.toString(),
        metadata: { exit_code: 0, duration_seconds: Math.round(durationMs / 100) / 10 },
        facts: { cwd: context.workspace, duration_ms: durationMs, files: files.flatMap(fileFactsOf) },
      };
    },
  };
}

function jobOf(patch: string, workdir: string, { workspace, protectedPaths = [] }: ToolContext): PatchJob {
  return { patch, workspace, workdir, protectedPaths: [...protectedPaths] };
}

async function plan(job: PatchJob, { asUser }: ToolContext): Promise<PlannedPatch> {
  return asUser === undefined ? planJob(job) : PlannedPatch.parse(await asUser("plan_patch", job));
}

async function apply(job: PatchJob, { asUser }: ToolContext, signal: AbortSignal): Promise<AppliedPatch> {
  if (asUser === undefined) return applyJob(job, signal);
  signal.throwIfAborted();
  return AppliedPatch.parse(await asUser("apply_patch", job));
}

/** `patch` is what some models call it. */
function leniently(args: unknown): unknown {
  if (typeof args !== "object" || args === null || !("patch" in args) || "input" in args) return args;
  const { patch, ...rest } = args;
  return { ...rest, input: patch };
}

function reasonOf(changes: readonly Change[]): string {
  const parts = changes.map(({ kind, path, move_path: target }) => {
    const where = target === undefined ? "" : ` to ${target}`;
    return `${VERBS[kind]} ${path}${where}`;
  });
  const shown = parts.slice(0, MAX_FILES_IN_REASON).join(", ");
  const more = parts.length - MAX_FILES_IN_REASON;
  return `A patch inside the workspace: ${shown}${more > 0 ? `, and changes ${more} more files` : ""}.`;
}

function fileFactsOf(file: AppliedPatch["files"][number]): NonNullable<ToolFacts["files"]> {
  const { path, move_path: target, before_sha256, after_sha256 } = file;
  if (target === undefined) return [{ path, before_sha256, after_sha256 }];
  return [
    { path, before_sha256, after_sha256: null },
    { path: target, before_sha256: null, after_sha256 },
  ];
}

function summaryOf(changes: readonly Change[]): string {
  return ["Done:", ...changes.map(lineOf)].join("\n");
}

function lineOf({ kind, path, move_path: target }: Change): string {
  switch (kind) {
    case "add":
      return `A ${path}`;
    case "update":
      return `M ${path}`;
    case "delete":
      return `D ${path}`;
    case "move":
      return `R ${path} -> ${target ?? ""}`;
  }
}

const editedNote = (patch: string) =>
  `\nThe user edited the patch before it was applied. This is what was applied:\n${patch.trim()}`;
