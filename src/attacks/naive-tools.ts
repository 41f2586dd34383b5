import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { runCommand } from "../testing/run-command.ts";
import { type Operation, parsePatch } from "../tools/apply-patch/parse.ts";
import { findPatchCommand } from "../tools/patch-command.ts";

/** Applies a patch as who trusts its paths does: file by file, wherever they lead. */
export async function naiveApply(folder: string, patch: string): Promise<void> {
  for (const operation of parsePatch(patch)) await applyOne(folder, operation);
}

async function applyOne(folder: string, operation: Operation): Promise<void> {
  const path = resolve(folder, operation.path);
  if (operation.kind === "delete") return rm(path);
  if (operation.kind === "add") return write(path, operation.content);
  let text = await readFile(path, "utf8");
  for (const { lines } of operation.hunks) {
    const of = (kinds: readonly string[]) =>
      lines.filter(({ kind }) => kinds.includes(kind)).map((line) => line.text);
    const before = of(["context", "remove"]).join("\n");
    if (!text.includes(before)) throw new Error(`${operation.path}: the lines are not there`);
    text = text.replace(before, of(["context", "add"]).join("\n"));
  }
  await write(resolve(folder, operation.movePath ?? operation.path), text);
  if (operation.movePath !== undefined) await rm(path);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Runs a command in the folder that it asks for, and a patch in the command where that is one. */
export async function naiveShell(workspace: string, script: string, workdir = ""): Promise<string> {
  const cwd = resolve(workspace, workdir);
  const found = findPatchCommand(["bash", "-c", script], workdir);
  if (found !== undefined) {
    await naiveApply(resolve(workspace, found.workdir), found.patch);
    return "";
  }
  return (await runCommand(createUnconfinedSandbox(), ["bash", "-c", script], { cwd })).stdout;
}
