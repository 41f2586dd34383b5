import type { CommandAction } from "./wire.ts";

/** An argument vector as a person would type it. */
export const commandLine = (argv: readonly string[]) => argv.map(quoted).join(" ");

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const SHELL = /^(?:.*\/)?(?:ba|z|da)?sh$/;

/** What a command does, without the shell that is only there to run it. */
export function commandActions(argv: readonly string[]): CommandAction[] {
  const [program = "", option = "", script, ...rest] = argv;
  const isScript = SHELL.test(program) && /^-l?c$/.test(option) && script !== undefined && rest.length === 0;
  return [{ type: "unknown", command: isScript ? script : commandLine(argv) }];
}
