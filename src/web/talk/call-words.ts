import { headline } from "../approve/command-words.ts";
import type { CallEntry } from "./entries.ts";

/** The command as it was shown or started, else as the model has written it; undefined while it writes. */
export function commandOf({ command, files, arguments: json }: CallEntry): readonly string[] | undefined {
  if (files !== undefined) return undefined;
  if (command !== undefined) return command;
  const written = parse(json);
  if (typeof written !== "object" || written === null || !("command" in written)) return undefined;
  const { command: words } = written;
  if (typeof words === "string") return ["bash", "-c", words];
  return Array.isArray(words) && words.every((word) => typeof word === "string") ? words : undefined;
}

/** What a call does, on one line. */
export function titleOf(call: CallEntry): string {
  const { files, name, arguments: json } = call;
  if (files !== undefined) {
    const [first, ...rest] = files.map(({ path }) => path);
    return rest.length > 0 ? `${files.length} files: ${first}, …` : (first ?? "a patch");
  }
  const command = commandOf(call);
  if (command !== undefined) return headline(command);
  const written = json.length > 120 ? `${json.slice(0, 120)}…` : json;
  return [name, written.replaceAll(/\s+/g, " ")].join(" ").trim();
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
