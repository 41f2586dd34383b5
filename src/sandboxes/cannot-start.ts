import { stat } from "node:fs/promises";

/** Why a process did not start, as a shell would say it. */
export interface Refusal {
  line: string;
  exitCode: 126 | 127;
}

/** Throws what is no fault of the command. */
export async function refusal(
  { file, cwd }: { file: string; cwd: string },
  error: unknown,
): Promise<Refusal> {
  const folder = await missingFolder(cwd);
  if (folder !== undefined) return folder;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return { line: `${file}: command not found`, exitCode: 127 };
  if (code === "EACCES") return { line: `${file}: permission denied`, exitCode: 126 };
  if (code === "E2BIG") return { line: `${file}: argument list too long`, exitCode: 126 };
  throw error;
}

/** The operating system answers a vanished folder and a missing program alike, so the folder is looked at. */
async function missingFolder(cwd: string): Promise<Refusal | undefined> {
  const found = await stat(cwd).catch(() => undefined);
  if (found?.isDirectory() === true) return undefined;
  return { line: `${cwd}: ${found === undefined ? "no such folder" : "not a folder"}`, exitCode: 126 };
}
