import { ToolError } from "../../contract/tool.ts";

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  EDQUOT: "no space is left",
  ENAMETOOLONG: "the name is too long",
  EEXIST: "something else was put there in the meantime",
  ENOENT: "it or its folder went away in the meantime",
  ENOTDIR: "one of its folders was replaced in the meantime",
  ELOOP: "it or one of its folders is a link",
};

/** The code of a system call's error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What the file system refused, as something that the model may read; everything else as it is. */
export function asToolError(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (error instanceof ToolError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new ToolError(`${path}: ${WORDS[code] ?? "the file system refused"} (${code}).`, { cause: error });
}
