import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { FileChange } from "../../contract/message.ts";
import { commitChanges } from "./commit.ts";
import { unifiedDiff } from "./diff.ts";
import { findGround } from "./ground.ts";
import { planPatch, type Change } from "./plan.ts";

/** All that work on a patch needs to know: it may be done in a process of another user. */
export const PatchJob = z.strictObject({
  patch: z.string(),
  /** Absolute, links resolved. */
  workspace: z.string(),
  /** The folder that the paths of the patch are relative to, itself absolute or relative to the workspace. */
  workdir: z.string(),
  protectedPaths: z.array(z.string()),
});
export type PatchJob = z.infer<typeof PatchJob>;

export const PlannedPatch = z.strictObject({ cwd: z.string(), files: z.array(FileChange) });
export type PlannedPatch = z.infer<typeof PlannedPatch>;

/** Hashes are hex SHA-256; null where there is no file. */
export const AppliedPatch = z.strictObject({
  files: z.array(FileChange.omit({ diff: true }).extend({ after_sha256: z.string().nullable() })),
});
export type AppliedPatch = z.infer<typeof AppliedPatch>;

/** What a patch would do. Touches nothing; throws ToolError when the patch does not fit. */
export async function planJob(job: PatchJob): Promise<PlannedPatch> {
  const ground = await findGround(job, job.workdir);
  const changes = await planPatch(job.patch, ground);
  return {
    cwd: resolve(ground.workspace, ground.base),
    files: changes.map((change) => ({ ...namesOf(change), diff: diffOf(change) })),
  };
}

/** Makes all changes of a patch, or none; throws ToolError then. The signal is heard until the first of them. */
export async function applyJob(job: PatchJob, signal?: AbortSignal): Promise<AppliedPatch> {
  const changes = await planPatch(job.patch, await findGround(job, job.workdir));
  signal?.throwIfAborted();
  await commitChanges(job.workspace, changes);
  return { files: changes.map((change) => ({ ...namesOf(change), after_sha256: hashOf(change.after) })) };
}

function namesOf({ kind, place, target, before }: Change): Omit<FileChange, "diff"> {
  return {
    kind,
    path: place.path,
    ...(target !== undefined && { move_path: target.path }),
    before_sha256: hashOf(before?.bytes),
  };
}

function diffOf({ place, target, before, after }: Change): string {
  const newPath = target?.path ?? place.path;
  return unifiedDiff(
    { path: before && place.path, bytes: before?.bytes ?? Buffer.alloc(0) },
    { path: after && newPath, bytes: after ?? Buffer.alloc(0) },
  );
}

const hashOf = (bytes: Buffer | undefined): string | null =>
  bytes === undefined ? null : createHash("sha256").update(bytes).digest("hex");
