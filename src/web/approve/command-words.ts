import { commandLine } from "../parts/command.ts";

const LONGEST_HEADLINE = 80;

/** Whether there is more to a command than its heading shows. */
export function exceedsHeadline(command: readonly string[]): boolean {
  const text = headline(command);
  return text.endsWith(" …") || text.length > LONGEST_HEADLINE;
}

/** A command on one line, for a heading: of a script, the first line that does something. */
export function headline(command: readonly string[]): string {
  const lines = commandLine(command).trim().split("\n");
  const first = lines.find((line) => !/^\s*(?:#|set -|$)/.test(line)) ?? lines[0] ?? "";
  return lines.length > 1 ? `${first.trim()} …` : first;
}
