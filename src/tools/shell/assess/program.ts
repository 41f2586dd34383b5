import { Doubt } from "./doubt.ts";
import type { Given, Options } from "./options.ts";
import type { Search } from "./search.ts";

/** What a command line means to its program. */
export interface Uses {
  /** Files and folders that it reads. */
  paths?: readonly string[];
  /** Of a folder it would read what is in there, links followed. */
  onlyFiles?: boolean;
  /** What it searches through with everything below. */
  search?: Search;
  /** It reads standard input. */
  readsInput?: boolean;
}

export interface Program extends Options {
  /** No option is dangerous, so neither is a file that is named like one. */
  patterns?: boolean;
  /** It has no options in the common form: all its words are operands. */
  isFree?: boolean;
  /** Throws a Doubt. */
  uses(given: Given, input: Input): Uses;
}

/** Standard input: the server gives none, but a script may pipe something in or name /dev/null. */
export type Input = "none" | "pipe" | "empty";

/** Kinds of values. */
export const TEXT = /^[^]*$/;
export const NUMBER = /^[-+]?\d+(?:[bkKMGT]B?)?$/;
export const WORD = /^[A-Za-z0-9_.+-]+$/;

/** The same kind of value for options by letter and by name. */
export function valued(kind: RegExp, letters: string, names = ""): Record<string, RegExp> {
  const all = [...letters.split(""), ...names.split(" ").filter((name) => name !== "")];
  return Object.fromEntries(all.map((name) => [name, kind]));
}

/** Operands are files; without any, standard input is read. */
export function files({ operands }: Given): Uses {
  const paths = operands.filter((operand) => operand !== "-");
  return { paths, readsInput: operands.length === 0 || paths.length < operands.length };
}

/** Operands are files; without any, it reads no input. */
export function places({ operands }: Given): Uses {
  return { paths: operands };
}

/** Operands are no files. */
export function texts(): Uses {
  return {};
}

export function atMost(count: number, uses: Program["uses"]): Program["uses"] {
  return (given, input) => {
    if (given.operands.length > count) {
      throw new Doubt(`With more than ${count} operands it is not known to only read.`);
    }
    return uses(given, input);
  };
}

export function atLeast(count: number, uses: Program["uses"]): Program["uses"] {
  return (given, input) => {
    if (given.operands.length < count) throw new Doubt("An operand is missing.");
    return uses(given, input);
  };
}

/** Every operand looks like this. */
export function each(expected: RegExp, uses: Program["uses"] = texts): Program["uses"] {
  return (given, input) => {
    const other = given.operands.find((operand) => !expected.test(operand));
    if (other !== undefined) throw new Doubt(`The operand ${JSON.stringify(other)} is not looked into.`);
    return uses(given, input);
  };
}
