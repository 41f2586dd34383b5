import { isAbsolute, relative, sep } from "node:path";
import type { Change } from "./wire.ts";

/** The engine's changes as one patch in the form of our own tool, with paths relative to the workspace where they can be. */
export function patchOf(changes: readonly Change[], workspace: string): string {
  return [
    "*** Begin Patch",
    ...changes.flatMap((change) => operation(change, workspace)),
    "*** End Patch",
  ].join("\n");
}

function operation({ path, diff, kind }: Change, workspace: string): string[] {
  const name = shown(path, workspace);
  switch (kind.type) {
    case "add":
      return [`*** Add File: ${name}`, ...linesOf(diff).map((line) => `+${line}`)];
    case "delete":
      return [`*** Delete File: ${name}`];
    case "update": {
      const target = kind.move_path ? [`*** Move to: ${shown(kind.move_path, workspace)}`] : [];
      // Lines that tell of the end of the file are no part of the format.
      return [
        `*** Update File: ${name}`,
        ...target,
        ...linesOf(diff).filter((line) => !line.startsWith("\\")),
      ];
    }
  }
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function shown(path: string, workspace: string): string {
  const way = relative(workspace, path);
  return isAbsolute(way) || way === "" || way === ".." || way.startsWith(`..${sep}`) ? path : way;
}
