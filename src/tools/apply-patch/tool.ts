import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import type { FileChange, Risk } from "../../contract/message.ts";
import type { Assessment, Tool, ToolEvent, ToolFacts } from "../../contract/tool.ts";
import { Transcript } from "../transcript.ts";
import { commitChanges } from "./commit.ts";
import { DESCRIPTION } from "./description.ts";
import { unifiedDiff } from "./diff.ts";
import { findGround } from "./ground.ts";
import { planPatch, type Change } from "./plan.ts";

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
      const ground = await findGround(context, workdir);
      const changes = await planPatch(input, ground);
      return {
        effect: "edit",
        reason: reasonOf(changes),
        risk: RISK_ORDER.findLast((risk) => changes.some(({ kind }) => RISKS[kind] === risk)) ?? "low",
        command: ["apply_patch", input],
        cwd: resolve(ground.workspace, ground.base),
        patch: input,
        files: changes.map(fileChangeOf),
        sameAs: JSON.stringify(["apply_patch", context.workspace]),
      };
    },

    async *run({ input }, context, signal, patch): AsyncIterable<ToolEvent> {
      const startedAt = performance.now();
      const changes = await planPatch(patch ?? input, await findGround(context, workdir));
      signal.throwIfAborted();
      await commitChanges(context.workspace, changes);
      const durationMs = performance.now() - startedAt;
      const told = new Transcript(Math.max(0, context.maxOutputBytes - RESERVED_BYTES));
      told.append(summaryOf(changes));
      if (patch !== undefined && patch !== input) told.append(editedNote(patch));
      yield {
        type: "result",
        output: told.toString(),
        metadata: { exit_code: 0, duration_seconds: Math.round(durationMs / 100) / 10 },
        facts: { cwd: context.workspace, duration_ms: durationMs, files: changes.flatMap(fileFactsOf) },
      };
    },
  };
}

/** `patch` is what some models call it. */
function leniently(args: unknown): unknown {
  if (typeof args !== "object" || args === null || !("patch" in args) || "input" in args) return args;
  const { patch, ...rest } = args;
  return { ...rest, input: patch };
}

function reasonOf(changes: readonly Change[]): string {
  const parts = changes.map(({ kind, place, target }) => {
    const where = target === undefined ? "" : ` to ${target.path}`;
    return `${VERBS[kind]} ${place.path}${where}`;
  });
  const shown = parts.slice(0, MAX_FILES_IN_REASON).join(", ");
  const more = parts.length - MAX_FILES_IN_REASON;
  return `A patch inside the workspace: ${shown}${more > 0 ? `, and changes ${more} more files` : ""}.`;
}

function fileChangeOf({ kind, place, target, before, after }: Change): FileChange {
  const newPath = target?.path ?? place.path;
  return {
    kind,
    path: place.path,
    ...(target !== undefined && { move_path: target.path }),
    diff: unifiedDiff(
      { path: before && place.path, bytes: before?.bytes ?? Buffer.alloc(0) },
      { path: after && newPath, bytes: after ?? Buffer.alloc(0) },
    ),
    before_sha256: hashOf(before?.bytes),
  };
}

function fileFactsOf({ place, target, before, after }: Change): NonNullable<ToolFacts["files"]> {
  const [old, now] = [hashOf(before?.bytes), hashOf(after)];
  if (target === undefined) return [{ path: place.path, before_sha256: old, after_sha256: now }];
  return [
    { path: place.path, before_sha256: old, after_sha256: null },
    { path: target.path, before_sha256: null, after_sha256: now },
  ];
}

const hashOf = (bytes: Buffer | undefined): string | null =>
  bytes === undefined ? null : createHash("sha256").update(bytes).digest("hex");

function summaryOf(changes: readonly Change[]): string {
  return ["Done:", ...changes.map(lineOf)].join("\n");
}

function lineOf({ kind, place, target }: Change): string {
  switch (kind) {
    case "add":
      return `A ${place.path}`;
    case "update":
      return `M ${place.path}`;
    case "delete":
      return `D ${place.path}`;
    case "move":
      return `R ${place.path} -> ${target?.path ?? ""}`;
  }
}

const editedNote = (patch: string) =>
  `\nThe user edited the patch before it was applied. This is what was applied:\n${patch.trim()}`;
