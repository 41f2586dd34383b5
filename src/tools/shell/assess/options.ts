import { Doubt, quoted } from "./doubt.ts";

/** The options of a program that only read. Every other option asks. */
export interface Options {
  /** Options without a value: the letters, then the long names, set apart by blanks. */
  flags?: string;
  /** Options with a value, by letter or long name, and what the value may be. */
  values?: Readonly<Record<string, RegExp>>;
  /** Long options whose value can only stand behind `=`, and may be absent. */
  optionalValues?: Readonly<Record<string, RegExp>>;
  /** Letters are not joined, and values stand apart: some programs read `-pc 8` and `-Io` in ways of their own. */
  apart?: boolean;
  /** `-40` stands for a number of lines. */
  numeric?: boolean;
  /** What follows the first operand is an operand, whatever it looks like. */
  optionsFirst?: boolean;
}

export interface Given {
  /** In order; a flag has no value. */
  options: { name: string; value?: string }[];
  operands: string[];
}

/** Reads a command line as getopt does. Throws a Doubt for an option that is not allowed or is abbreviated. */
export function readOptions(program: string, allowed: Options, words: readonly string[]): Given {
  const given: Given = { options: [], operands: [] };
  const [letters = "", ...longNames] = (allowed.flags ?? "").split(" ");
  const refuse = (option: string) =>
    new Doubt(`${program} with the option ${quoted(option)} is not known to only read.`);
  const rest = [...words];

  const addValue = (option: string, name: string, attached: string | undefined) => {
    const value = attached ?? rest.shift();
    const expected = own(allowed.values, name);
    if (value === undefined || expected?.test(value) !== true) throw refuse(option);
    given.options.push({ name, value });
  };
  const readLong = (option: string) => {
    const [, name = "", value] = /^--([^=]*)(?:=([^]*))?$/.exec(option) ?? [];
    const optional = own(allowed.optionalValues, name);
    if (name.length > 1 && own(allowed.values, name) !== undefined) {
      addValue(option, name, value);
    } else if (value === undefined && (longNames.includes(`--${name}`) || optional !== undefined)) {
      given.options.push({ name });
    } else if (value !== undefined && optional?.test(value) === true) {
      given.options.push({ name, value });
    } else throw refuse(option);
  };
  const readShort = (option: string) => {
    if (allowed.apart && option.length > 2) throw refuse(option);
    for (let index = 1; index < option.length; index += 1) {
      const letter = option.charAt(index);
      if (own(allowed.values, letter) !== undefined) {
        const attached = option.slice(index + 1);
        addValue(option, letter, attached === "" ? undefined : attached);
        return;
      }
      if (!letters.includes(letter)) throw refuse(option);
      given.options.push({ name: letter });
    }
  };

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      given.operands.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      given.operands.push(word);
      if (!allowed.optionsFirst) continue;
      given.operands.push(...rest);
      break;
    }
    if (word.startsWith("--")) readLong(word);
    else if (allowed.numeric && /^-\d+$/.test(word))
      given.options.push({ name: "lines", value: word.slice(1) });
    else readShort(word);
  }
  return given;
}

function own(record: Readonly<Record<string, RegExp>> | undefined, name: string): RegExp | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
