import { scriptOf } from "./shell/argv.ts";

interface PatchCommand {
  patch: string;
  /** Absolute, or relative to the workspace; empty for the workspace itself. */
  workdir: string;
}

const PROGRAMS: readonly string[] = ["apply_patch", "applypatch"];
/** The first line: perhaps `cd FOLDER &&`, the program, and the word that ends its here-document. */
const FIRST_LINE =
  /^\s*(?:cd\s+(?<folder>'[^'\n]+'|"[^"$`\\\n]+"|[\w./@%+=:,][\w./@%+=:,-]*)\s*&&\s*)?(?:apply_patch|applypatch)\s*<<(?<dash>-?)[ \t]*(?<word>'\w+'|"\w+"|\w+)[ \t]*$/;

/**
 * Reads a command that is a call of `apply_patch` and nothing else: the program with the patch as its one argument, or
 * a script with the patch as its here-document. The body is taken as it stands, also where a shell would expand it.
 */
export function findPatchCommand(
  command: readonly [string, ...string[]],
  workdir = "",
): PatchCommand | undefined {
  const [program, patch, ...more] = command;
  if (PROGRAMS.includes(program) && patch !== undefined && more.length === 0) return { patch, workdir };
  const script = scriptOf(command);
  return script === undefined ? undefined : readScript(script, workdir);
}

function readScript(script: string, workdir: string): PatchCommand | undefined {
  const [first = "", ...lines] = script.trim().split("\n");
  const found = FIRST_LINE.exec(first)?.groups;
  if (found === undefined) return undefined;
  const word = unquote(found["word"] ?? "");
  const body = found["dash"] === "-" ? lines.map((line) => line.replace(/^\t+/, "")) : lines;
  // The first line that is the word ends the document: whatever follows is another command.
  const end = body.indexOf(word);
  if (end === -1 || end !== body.length - 1) return undefined;
  const folder = unquote(found["folder"] ?? "");
  return { patch: body.slice(0, end).join("\n"), workdir: folder === "" ? workdir : within(workdir, folder) };
}

const unquote = (word: string): string => word.replace(/^(['"])(.*)\1$/, "$2");

/** `cd` from the folder that the call asked for. */
const within = (workdir: string, folder: string): string =>
  workdir === "" || folder.startsWith("/") ? folder : `${workdir}/${folder}`;
