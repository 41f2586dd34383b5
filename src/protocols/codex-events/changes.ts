import type { FileChange } from "../../contract/message.ts";

/** The files of a patch by their paths, as Codex tells them. */
export const changesOf = (files: readonly FileChange[]): Record<string, object> =>
  Object.fromEntries(files.map((file) => [file.path, changeOf(file)]));

function changeOf({ kind, diff, move_path }: FileChange): object {
  switch (kind) {
    case "add":
      return { type: "add", content: sideOf(diff, "+") };
    case "delete":
      return { type: "delete", content: sideOf(diff, "-") };
    case "update":
    case "move":
      return { type: "update", unified_diff: diff, move_path: move_path ?? null };
  }
}

/** The lines of one side, after the diff's head. */
function sideOf(diff: string, sign: "+" | "-"): string {
  const lines = diff.slice(diff.indexOf("@@")).split("\n");
  return lines.flatMap((line) => (line.startsWith(sign) ? [`${line.slice(1)}\n`] : [])).join("");
}
