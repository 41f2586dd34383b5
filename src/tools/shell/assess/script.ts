import { checkCommand } from "./command.ts";
import { Doubt, quoted } from "./doubt.ts";
import { checkFolder, type Place } from "./paths.ts";
import type { Input } from "./program.ts";
import { readTokens, type Operator, type Token } from "./tokens.ts";
import { readWord, type Word } from "./words.ts";

interface SimpleCommand {
  name: string;
  words: Word[];
  input: Input;
}

/** A pipeline, and what stands before it. */
interface Step {
  operator: "&&" | "||" | ";";
  pipeline: SimpleCommand[];
}

const REDIRECT = /^(?:[12]?>>? ?\/dev\/null|&>>? ?\/dev\/null|[12]?>&[12]|< ?\/dev\/null)$/;
const MOST_COMMANDS = 50;
const MOST_FOLDERS = 4;

/** Throws a Doubt unless every command of the script is known to only read. Gives the names of its programs. */
export async function checkScript(script: string, place: Place): Promise<string[]> {
  const steps = readSteps(await readTokens(script));
  const programs = steps.flatMap(({ pipeline }) => pipeline.map(({ name }) => name));
  if (programs.length > MOST_COMMANDS) throw new Doubt("The script has too many commands.");
  // Where the shell may stand after success and after failure of what came so far.
  let success = [place.cwd];
  let failure: string[] = [];
  for (const { operator, pipeline } of steps) {
    const before =
      operator === "&&" ? success : operator === "||" ? failure : unique([...success, ...failure]);
    if (before.length > MOST_FOLDERS) throw new Doubt("It changes the folder too often.");
    const after: string[] = [];
    for (const cwd of before) {
      after.push(await checkPipeline(pipeline, { workspace: place.workspace, cwd }));
    }
    success = unique(operator === "||" ? [...success, ...after] : after);
    failure = unique(operator === "&&" ? [...failure, ...before] : before);
  }
  return programs;
}

/** Gives the folder that the shell stands in after success. */
async function checkPipeline(pipeline: readonly SimpleCommand[], place: Place): Promise<string> {
  let cwd = place.cwd;
  for (const { name, words, input } of pipeline) {
    if (name === "cd") {
      if (pipeline.length > 1) throw new Doubt("It changes the folder within a pipe.");
      cwd = await changeFolder(words, place);
    } else {
      await checkCommand(name, words, { ...place, input });
    }
  }
  return cwd;
}

async function changeFolder(words: readonly Word[], place: Place): Promise<string> {
  const [folder, ...rest] = words;
  if (
    folder === undefined ||
    rest.length > 0 ||
    folder.pattern !== undefined ||
    folder.text.startsWith("-")
  ) {
    throw new Doubt("It changes the folder, and not in the form cd FOLDER.");
  }
  return checkFolder(folder.text, place);
}

function readSteps(tokens: readonly Token[]): Step[] {
  const steps: Step[] = [];
  let operator: Operator = ";";
  let index = 0;
  while (index < tokens.length) {
    if (isLineEnd(tokens[index])) {
      index += 1;
      continue;
    }
    const start = index;
    while (index < tokens.length && tokens[index]?.type !== "operator") index += 1;
    const command = readCommand(tokens.slice(start, index), operator === "|" ? "pipe" : "none");
    if (operator === "|") {
      steps.at(-1)?.pipeline.push(command);
    } else {
      steps.push({ operator: operator === "\n" ? ";" : operator, pipeline: [command] });
    }
    const next = tokens[index];
    index += 1;
    operator = next?.type === "operator" ? next.text : ";";
  }
  if (operator === "&&" || operator === "||" || operator === "|") {
    throw new Doubt("The script has a syntax error.");
  }
  if (steps.length === 0) throw new Doubt("The script is empty.");
  return steps;
}

const isLineEnd = (token: Token | undefined) => token?.type === "operator" && token.text === "\n";

function readCommand(tokens: readonly Token[], standardInput: Input): SimpleCommand {
  const [first, ...rest] = tokens;
  if (first?.type !== "word" || !first.isName) throw new Doubt("The script is not understood.");
  const words: Word[] = [];
  let input = standardInput;
  for (const token of rest) {
    if (token.type === "redirect") {
      if (!REDIRECT.test(token.text)) throw new Doubt(`${quoted(token.text)} redirects to a file.`);
      if (token.text.startsWith("<")) input = "empty";
    } else if (token.type === "word" && !token.isName && token.command === first.command) {
      words.push(readWord(token.text));
    } else throw new Doubt("The script is not understood.");
  }
  return { name: first.text, words, input };
}

const unique = (folders: readonly string[]) => [...new Set(folders)];
