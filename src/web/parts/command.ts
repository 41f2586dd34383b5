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

/** A command as a person would type it. */
export const commandLine = (command: readonly string[]): string =>
  scriptOf(command)?.text ?? command.map(wordOf).join(" ");
