import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createLogStore } from "../audit/log.ts";
import type { Config } from "../config/config.ts";
import { AgentError } from "../contract/error.ts";
import { archive, hold } from "./archive.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { erase } from "./erase.ts";
import { exportCommand } from "./export.ts";
import { safeLines } from "./print.ts";
import { search } from "./search.ts";
import { sessions } from "./sessions.ts";
import { show } from "./show.ts";
import { tail } from "./tail.ts";
import { verify } from "./verify.ts";

const COMMANDS: Record<string, Command> = {
  sessions,
  show,
  tail,
  search,
  verify,
  export: exportCommand,
  archive,
  hold,
  erase,
};

/** Whether the arguments are for `runCommand`: they begin with the name of a command on the logs. */
export const isLogCommand = ([name]: readonly string[]): boolean =>
  name !== undefined && Object.hasOwn(COMMANDS, name);

export interface CommandOptions {
  terminal: Terminal;
  /** Of the server: where its logs are, undefined for memory, and what signs and witnesses them. */
  settings: () => Pick<Config, "sessionStorePath" | "auditSigningKey" | "auditWitnessUrl">;
}

/**
 * Runs a command on the logs of a folder, with or without a running server. Resolves with the exit code: 0, 1 (something
 * is damaged, or could not be done) or 2 (the command line is not as it should be).
 */
export async function runCommand(
  [name = "", ...rest]: readonly string[],
  options: CommandOptions,
): Promise<0 | 1 | 2> {
  const command = COMMANDS[name];
  const { terminal } = options;
  try {
    if (command === undefined) throw new UsageError(`expected one of ${Object.keys(COMMANDS).join(", ")}`);
    return await run(command, rest, options);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof AgentError)) throw error;
    const isUsage = error instanceof UsageError || error.code === "invalid_message";
    terminal.say(safeLines(`${error.message}\n`));
    if (isUsage && command !== undefined) terminal.say(`usage: agentloop-server ${name} ${command.usage}\n`);
    return isUsage ? 2 : 1;
  }
}

async function run(
  command: Command,
  rest: readonly string[],
  { terminal, settings }: CommandOptions,
): Promise<0 | 1> {
  const { values, positionals: words } = readArguments(command, rest);
  const { store: given, help, ...options } = values;
  if (help === true) {
    await terminal.out(
      `${command.help}\n\nusage: agentloop-server ${nameOf(command)} ${command.usage} [--store FOLDER]\n`,
    );
    return 0;
  }
  const [least, most] = command.words;
  if (words.length < least || words.length > most) throw new UsageError(`got ${words.length} words`);
  const { sessionStorePath, auditSigningKey: signingKey, auditWitnessUrl: witnessUrl } = settings();
  const folder = typeof given === "string" ? given : sessionStorePath;
  if (folder === undefined)
    throw new UsageError("--store: expected a folder, as SESSION_STORE_PATH is empty");
  if (!existsSync(folder)) throw new UsageError(`--store: expected the folder of the logs, got ${folder}`);
  const path = resolve(folder);
  const store = createLogStore({
    folder: path,
    signingKey,
    witnessUrl,
    onFault: ({ message }) => terminal.say(safeLines(`${message}\n`)),
  });
  try {
    return await command.run({ folder: path, signingKey, store, terminal, words, options });
  } finally {
    await store.close();
  }
}

type Values = Record<string, string | boolean | undefined>;

function readArguments(command: Command, rest: readonly string[]): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: { ...command.options, store: { type: "string" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

const nameOf = (command: Command) => Object.keys(COMMANDS).find((name) => COMMANDS[name] === command) ?? "";

/** For `--help` of the server: a line for each command. */
export const commandsHelp = (): string =>
  Object.entries(COMMANDS)
    .map(([name, { help }]) => `  ${name.padEnd(12)}${help}\n`)
    .join("");
