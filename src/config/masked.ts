import type { Setting } from "./settings.ts";

/** A key or token that was loaded: it must not stand in a log, a frame, an error or a tool's environment. */
export interface Secret {
  /** The variable that it came from. */
  name: string;
  value: string;
}

/** A key that stands in the wrong variable is a key all the same, and a password in an address is one. */
export function masked(text: string, secrets: readonly Secret[]): string {
  let line = text;
  for (const { name, value } of secrets) {
    if (value.length >= 8) line = line.replaceAll(value, `[redacted:${name}]`);
  }
  return line
    .replaceAll(/(:\/\/)[^/@\s"]+@/g, "$1...@")
    .replaceAll(/\b(?:sk-|AIza)[\w-]{10,}/g, "[a key, not shown]");
}

/** In place of a secret. */
export const hidden = (value: string) => `${value.length} characters that are not shown`;

/** The value of a setting, for people. */
export const shown = ({ secret }: Setting, value: string, secrets: readonly Secret[]) =>
  secret ? hidden(value) : masked(value, secrets);

const SHOWN_CHARACTERS = 60;

/** The beginning is enough to be recognised. */
export const quote = (value: string) =>
  JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS - 1)}…` : value);
