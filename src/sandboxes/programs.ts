import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { isInside } from "./protected-paths.ts";

/**
 * The absolute path of a program. The workspace is passed over: what lies there is not ours to trust with building the
 * sandbox.
 */
export async function findProgram(
  name: string,
  path: string,
  workspace: string,
): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder) || folder === workspace || isInside(workspace, folder)) continue;
    const program = join(folder, name);
    const runs = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return program;
  }
  return undefined;
}

/** Reads `bubblewrap 0.8.0`. */
export async function bubblewrapVersion(program: string): Promise<[major: number, minor: number]> {
  const { stdout } = await promisify(execFile)(program, ["--version"], { env: {} });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  return [Number(major), Number(minor)];
}
