import type { ParseArgsOptionsConfig } from "node:util";
import type { AuditStore } from "../contract/log.ts";

/** Where a command writes, and what it is told from outside. */
export interface Terminal {
  /** Results. */
  out(text: string | Uint8Array): Promise<void>;
  /** Progress and problems. */
  say(text: string): void;
  /** Undefined where nobody looks at the results as they come. */
  columns: number | undefined;
  /** Whether a person sees what is said. */
  isWatched: boolean;
  /** Fires when the user wants it to end. */
  stop: AbortSignal;
}

export interface CommandContext {
  folder: string;
  /** 64 hex digits; undefined where the store has a key of its own. */
  signingKey: string | undefined;
  store: AuditStore;
  terminal: Terminal;
  words: string[];
  options: Record<string, string | boolean | undefined>;
}

/** The exit code: 0 all is well, 1 it is not. */
type Outcome = 0 | 1;

export interface Command {
  /** After the name, e.g. `ID [--json]`. */
  usage: string;
  help: string;
  options?: ParseArgsOptionsConfig;
  /** How many words it takes, at least and at most. */
  words: [number, number];
  /** Throws UsageError, and AgentError for what cannot be done. */
  run(context: CommandContext): Promise<Outcome>;
}

/** The command line is not as the command wants it: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const SESSION_ID = /^[0-9a-f]{32,64}$/;

export function sessionId(word: string | undefined): string {
  if (word !== undefined && SESSION_ID.test(word)) return word;
  throw new UsageError(
    `expected a session's id (32 to 64 of 0-9 and a-f), got ${JSON.stringify(word ?? "")}`,
  );
}

export function wholeNumber(name: string, text: string | undefined, [min, max]: [number, number]): number {
  const value = /^-?\d{1,15}$/.test(text ?? "") ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name}: expected a number from ${min} to ${max}, got ${JSON.stringify(text ?? "")}`);
}

export const text = ({ options }: CommandContext, name: string): string | undefined => {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
};
