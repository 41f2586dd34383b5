import { isAbsolute, normalize } from "node:path";

/** What may pass from the server's environment to a command: nothing that holds a key. */
const PASSED = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TERM|COLORTERM|TZ|USER|LOGNAME|SHELL)$/;

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a command: the allowed part of `source`, and over it what the sandbox sets. */
export function commandEnvironment(
  source: Environment,
  own: Readonly<Record<string, string>>,
  workspace?: string,
): Record<string, string> {
  const result: Record<string, string> = { PATH: DEFAULT_PATH, LANG: "C.UTF-8", TERM: "dumb" };
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && PASSED.test(name)) result[name] = value;
  }
  result["PATH"] = trustedPath(result["PATH"] ?? "", workspace);
  return { ...result, ...own };
}

/**
 * Without what the agent could plant a program in: one with the name of a harmless command would run in its place. npm
 * puts such folders first.
 */
function trustedPath(path: string, workspace: string | undefined): string {
  const isOutside = (folder: string) =>
    workspace === undefined || (folder !== workspace && !folder.startsWith(`${workspace}/`));
  const folders = path.split(":").filter((folder) => isAbsolute(folder) && isOutside(normalize(folder)));
  return folders.length === 0 ? DEFAULT_PATH : folders.join(":");
}
