import type { Program } from "../../src/tools/shell/assess/program.ts";
import { PROGRAMS } from "../../src/tools/shell/assess/programs.ts";
import { CHARACTERS, OPERANDS, PAYLOADS, SCRIPTS, VALUES, VEHICLES, WORDS } from "./seeds.ts";

export type Vector = [string, ...string[]];
/** A number from 0 up to 1, the same sequence for the same seed. */
export type Random = () => number;

/** Marsaglia's xorshift on 32 bits. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * A command like one that only reads, with one to four changes, with or without a shell; or a program of the table with
 * options that the table allows, since what it allows may be wrong.
 */
export function mutant(random: Random): Vector {
  if (random() < 0.2) return allowedByTable(random);
  const script = pick(random, SCRIPTS);
  const changes = 1 + Math.floor(random() * 4);
  if (random() < 0.25) return mutatedVector(script, changes, random);
  let mutated = script;
  for (let count = 0; count < changes; count += 1) mutated = pick(random, SCRIPT_CHANGES)(mutated, random);
  return ["bash", random() < 0.5 ? "-lc" : "-c", mutated];
}

function allowedByTable(random: Random): Vector {
  const [name, program] = pick(random, [...PROGRAMS]);
  const count = Math.floor(random() * 4);
  const words = Array.from({ length: count }, () => allowedOption(program, random)).flat();
  const operands = Array.from({ length: Math.floor(random() * 4) }, () => pick(random, OPERANDS));
  return random() < 0.5 ? [name, ...words, ...operands] : [name, ...operands, ...words];
}

function allowedOption({ flags = "", values = {}, optionalValues = {} }: Program, random: Random): string[] {
  const [letters = "", ...names] = flags.split(" ");
  const valued = Object.keys(values);
  const optional = Object.keys(optionalValues);
  const all = letters.length + names.length + valued.length + optional.length;
  if (all === 0) return [];
  const at = Math.floor(random() * all);
  if (at < letters.length) return [`-${letters.charAt(at)}`];
  const name = [...names, ...valued, ...optional][at - letters.length] ?? "";
  const value = pick(random, VALUES);
  if (name.startsWith("--")) return [name];
  if (name.length === 1) return random() < 0.5 ? [`-${name}`, value] : [`-${name}${value}`];
  return random() < 0.5 ? [`--${name}`, value] : [`--${name}=${value}`];
}

type Change = (script: string, random: Random) => string;

const SCRIPT_CHANGES: readonly Change[] = [
  // A payload at the end, or anywhere.
  (script, random) => script + payload(random),
  (script, random) => insert(script, payload(random), random),
  // Another word somewhere, bare or in quotes, set apart or joined.
  (script, random) => betweenWords(script, pick(random, WORDS), random),
  (script, random) => betweenWords(script, quoted(pick(random, WORDS), random), random),
  (script, random) => betweenWords(script, `-${letters(random)}`, random),
  (script, random) => insert(script, pick(random, WORDS), random),
  (script, random) => replaceWord(script, pick(random, WORDS), random),
  // Characters in, out, changed places.
  (script, random) => insert(script, pick(random, CHARACTERS), random),
  (script, random) => remove(script, 1, random),
  (script, random) => remove(insert(script, pick(random, CHARACTERS), random), 1, random),
  (script, random) => remove(script, 1 + Math.floor(random() * 8), random),
  // Quotes around a part, which may change nothing or all.
  (script, random) => enclose(script, pick(random, ["'", '"', "\\", "`", "$'"]), random),
  // Two commands in one.
  (script, random) =>
    script + pick(random, ["\n", ";", "&&", "|", "||", " ", "", "&"]) + pick(random, SCRIPTS),
  (script, random) => insert(script, pick(random, SCRIPTS), random),
  (script, random) => replaceWord(script, pick(random, pick(random, SCRIPTS).split(" ")), random),
  // Very long.
  (script, random) => (random() < 0.02 ? `${script}; `.repeat(200) : script),
  (script, random) => (random() < 0.02 ? `${script} ${"a".repeat(5000)}` : script),
];

function mutatedVector(script: string, changes: number, random: Random): Vector {
  const [program = "ls", ...rest] = pick(random, script.split(/[|;&\n]+/))
    .trim()
    .split(/ +/)
    .map((word) => word.replace(/['"]/g, ""));
  const words = [program, ...rest];
  for (let count = 0; count < changes; count += 1) {
    const at = Math.floor(random() * (words.length + 1));
    const chance = random();
    const word = words[at];
    if (chance < 0.5 || word === undefined) words.splice(Math.max(1, at), 0, pick(random, WORDS));
    else if (chance < 0.6) words.splice(at, 0, `-${letters(random)}`);
    else if (chance < 0.7) words.splice(at, 1);
    else if (chance < 0.8) words[at] = pick(random, WORDS);
    else words[at] = insert(word, pick(random, CHARACTERS), random);
  }
  const [first = "ls", ...others] = words;
  return [first, ...others];
}

const pick = <Value>(random: Random, values: readonly Value[]): Value => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error("There is nothing to pick from.");
  return value;
};

// A function, because `$` has a meaning in a replacement text.
const payload = (random: Random) => pick(random, VEHICLES).replaceAll("P", () => pick(random, PAYLOADS));

const place = (text: string, random: Random) => Math.floor(random() * (text.length + 1));

function insert(script: string, text: string, random: Random): string {
  const at = place(script, random);
  return script.slice(0, at) + text + script.slice(at);
}

function remove(script: string, count: number, random: Random): string {
  const at = place(script, random);
  return script.slice(0, at) + script.slice(at + count);
}

function betweenWords(script: string, word: string, random: Random): string {
  const words = script.split(" ");
  words.splice(1 + Math.floor(random() * words.length), 0, word);
  return words.join(" ");
}

function replaceWord(script: string, word: string, random: Random): string {
  const words = script.split(" ");
  words[Math.floor(random() * words.length)] = word;
  return words.join(" ");
}

function enclose(script: string, quote: string, random: Random): string {
  const start = place(script, random);
  const end = start + Math.floor(random() * 12);
  const closing = quote === "$'" ? "'" : quote === "\\" ? "" : quote;
  return script.slice(0, start) + quote + script.slice(start, end) + closing + script.slice(end);
}

function quoted(word: string, random: Random): string {
  const quote = pick(random, ["'", '"']);
  return quote + word + quote;
}

function letters(random: Random): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
  const count = 1 + Math.floor(random() * 4);
  return Array.from({ length: count }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
}
