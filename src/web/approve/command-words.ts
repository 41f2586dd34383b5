const SHELLS = /^(?:\/(?:usr\/)?bin\/)?(?:ba|z|da|k)?sh$/;

/** The script of `["bash", "-lc", SCRIPT]`, and what runs it; undefined for every other command. */
export function scriptOf(command: readonly string[]): { shell: string[]; text: string } | undefined {
  const [program = "", flags = "", text, ...more] = command;
  if (text === undefined || more.length > 0) return undefined;
  return SHELLS.test(program) && /^-[elux]*c$/.test(flags) ? { shell: [program, flags], text } : undefined;
}

/** One word of a command as a shell would want it written: where it ends can be seen. */
export const wordOf = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const LONGEST_HEADLINE = 80;

/** Whether there is more to a command than its heading shows. */
export function exceedsHeadline(command: readonly string[]): boolean {
  const text = headline(command);
  return text.endsWith(" …") || text.length > LONGEST_HEADLINE;
}

/** A command on one line, for a heading: of a script, the first line that does something. */
export function headline(command: readonly string[]): string {
  const text = scriptOf(command)?.text ?? command.map(wordOf).join(" ");
  const lines = text.trim().split("\n");
  const first = lines.find((line) => !/^\s*(?:#|set -|$)/.test(line)) ?? lines[0] ?? "";
  return lines.length > 1 ? `${first.trim()} …` : first;
}
