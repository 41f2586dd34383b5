import { isAbsolute, join } from "node:path";
import type { FileChange } from "../../contract/message.ts";
import type { FileUpdateChange } from "./wire.ts";

/** A patch's changes, with absolute paths. */
export const updateChanges = (files: readonly FileChange[], workspace: string): FileUpdateChange[] =>
  files.map((file) => ({
    path: absolute(workspace, file.path),
    kind: kindOf(file, workspace),
    diff: diffOf(file),
  }));

function kindOf({ kind, move_path: movePath }: FileChange, workspace: string): FileUpdateChange["kind"] {
  switch (kind) {
    case "add":
    case "delete":
      return { type: kind };
    case "update":
    case "move":
      return { type: "update", move_path: movePath === undefined ? null : absolute(workspace, movePath) };
  }
}

const absolute = (workspace: string, path: string) => (isAbsolute(path) ? path : join(workspace, path));

function diffOf({ kind, diff }: FileChange): string {
  const hunks = diff.slice(Math.max(0, diff.search(/^@@/m)));
  if (kind === "update" || kind === "move") return hunks;
  const sign = kind === "add" ? "+" : "-";
  return hunks
    .split(/(?<=\n)/)
    .filter((line) => line.startsWith(sign))
    .map((line) => line.slice(1))
    .join("");
}

/** The changes of a patch as one diff that `git apply` reads. */
export const gitDiff = (files: readonly FileChange[]): string => files.map(gitDiffOf).join("");

function gitDiffOf({ path, kind, move_path: movePath, diff }: FileChange): string {
  const mode = { add: "new file mode 100644\n", delete: "deleted file mode 100644\n" };
  const renamed = kind === "move" ? `rename from ${path}\nrename to ${movePath ?? path}\n` : "";
  const extra = kind === "add" || kind === "delete" ? mode[kind] : renamed;
  return `diff --git a/${path} b/${movePath ?? path}\n${extra}${withLineBreak(diff)}`;
}

const withLineBreak = (diff: string) => (diff === "" || diff.endsWith("\n") ? diff : `${diff}\n`);
