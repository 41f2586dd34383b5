import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { ToolError } from "../contract/tool.ts";

/** The folder that a command runs in: absolute, links resolved, inside the workspace. Throws ToolError. */
export async function resolveWorkdir(workspace: string, workdir: string | undefined): Promise<string> {
  if (workdir === undefined || workdir === "") return workspace;
  const expected = `workdir: expected an existing folder inside the workspace ${workspace}, got ${JSON.stringify(workdir)}`;
  if (workdir.includes("\0")) throw new ToolError(`${expected}: it contains a NUL character`);
  const folder = await realpath(resolve(workspace, workdir)).catch((error: unknown) => {
    throw new ToolError(`${expected}: ${inWords(error)}`);
  });
  if (!isInside(workspace, folder)) throw new ToolError(`${expected}: it leads to ${folder}`);
  if (!(await stat(folder)).isDirectory()) throw new ToolError(`${expected}: it is a file`);
  return folder;
}

/** Whether a path is the folder or below it, as text: both absolute, links resolved by the caller. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function inWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "it does not exist";
  if (code === "ENOTDIR") return "a part of it is a file";
  return String(code ?? error);
}
