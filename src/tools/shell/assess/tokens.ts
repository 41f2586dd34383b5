import type { Node } from "web-tree-sitter";
import { Doubt, quoted } from "./doubt.ts";
import { bashParser } from "./grammar.ts";

/** `command` tells the words of one command from those of the next. */
export type Token =
  | { type: "word"; text: string; command: number; isName: boolean }
  | { type: "redirect"; text: string }
  | { type: "operator"; text: Operator };

export type Operator = "&&" | "||" | "|" | ";" | "\n";

type Placed = { start: number; end: number; node: Token | { type: "comment" } };

const LONGEST_SCRIPT = 10_000;
const CONTAINERS = new Set(["program", "list", "pipeline", "redirected_statement"]);
const OPERATORS = new Set(["&&", "||", "|", ";"]);
const isOperator = (type: string): type is Operator => OPERATORS.has(type);

/** What the parts of a word may be. The quotes themselves are read from the text. */
const WORD_PARTS: Record<string, ReadonlySet<string>> = {
  word: new Set(),
  number: new Set(),
  raw_string: new Set(),
  string_content: new Set(),
  string: new Set(['"', "string_content", "$"]),
  concatenation: new Set(["word", "number", "raw_string", "string"]),
};
const WORDS = new Set(["word", "number", "raw_string", "string", "concatenation"]);

const IN_WORDS: Record<string, string> = {
  command_substitution: "runs a command inside another",
  process_substitution: "runs a command inside another",
  simple_expansion: "has a variable in it",
  expansion: "has a variable in it",
  arithmetic_expansion: "computes",
  variable_assignment: "sets a variable",
  variable_assignments: "sets variables",
  declaration_command: "sets variables",
  function_definition: "defines a function",
  subshell: "opens a subshell",
  compound_statement: "groups commands",
  for_statement: "has a loop",
  while_statement: "has a loop",
  if_statement: "has a condition",
  case_statement: "has a condition",
  negated_command: "turns a result around",
  heredoc_redirect: "has a here-document",
  herestring_redirect: "has a here-string",
  ansi_c_string: "has a string with escapes",
  "&": "goes on in the background",
};

/** A script as a flat list. Throws a Doubt for whatever is more than commands, plain words and `&& || | ;`. */
export async function readTokens(script: string): Promise<Token[]> {
  if (script.length > LONGEST_SCRIPT) throw new Doubt("The script is too long to look through.");
  const parser = await bashParser();
  const tree = parser.parse(script);
  if (tree === null) throw new Doubt("The script cannot be parsed.");
  try {
    if (tree.rootNode.hasError) throw new Doubt("The script has a syntax error.");
    const placed: Placed[] = [];
    collect(tree.rootNode, placed);
    return withNewlines(script, placed);
  } finally {
    tree.delete();
  }
}

function collect(node: Node, placed: Placed[]): void {
  const add = (token: Placed["node"]) =>
    placed.push({ start: node.startIndex, end: node.endIndex, node: token });
  if (node.isMissing) throw new Doubt("The script has a syntax error.");
  if (!node.isNamed && isOperator(node.type)) add({ type: "operator", text: node.type });
  else if (!node.isNamed) throw unknown(node);
  else if (CONTAINERS.has(node.type)) for (const child of node.children) collect(child, placed);
  else if (node.type === "command") collectCommand(node, placed);
  else if (node.type === "file_redirect") add({ type: "redirect", text: node.text });
  else if (node.type === "comment") add({ type: "comment" });
  else throw unknown(node);
}

function collectCommand(node: Node, placed: Placed[]): void {
  for (const child of node.children) {
    const isName = child.type === "command_name" && child.isNamed;
    const only = isName && child.childCount === 1 ? child.firstChild : child;
    if (only === null || !only.isNamed || !WORDS.has(only.type)) throw unknown(child);
    checkParts(only);
    placed.push({
      start: child.startIndex,
      end: child.endIndex,
      node: { type: "word", text: child.text, command: node.startIndex, isName },
    });
  }
}

function checkParts(node: Node): void {
  for (const child of node.children) {
    if (child.isMissing) throw new Doubt("The script has a syntax error.");
    if (WORD_PARTS[node.type]?.has(child.type) !== true) throw unknown(child);
    checkParts(child);
  }
}

function unknown(node: Node): Doubt {
  const why = IN_WORDS[node.type];
  return new Doubt(
    why === undefined ? `${quoted(node.text)} is not looked into.` : `${quoted(node.text)} ${why}.`,
  );
}

/**
 * Nothing may lie between the tokens but blanks; a line's end, which the tree leaves out, is one more operator. So what
 * the parser took for one word or one command is one for the shell too.
 */
function withNewlines(script: string, placed: readonly Placed[]): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const [index, { start, end: next, node }] of placed.entries()) {
    const gap = script.slice(end, start);
    if (start < end || !/^[ \t\n]*$/.test(gap)) throw new Doubt("The script is not understood.");
    if (gap.includes("\n")) tokens.push({ type: "operator", text: "\n" });
    const touches = gap === "" && index > 0;
    if (touches && node.type !== "operator" && tokens.at(-1)?.type !== "operator") {
      throw new Doubt(`${quoted(script.slice(start, next))} is not set apart from what comes before it.`);
    }
    if (node.type === "comment" && touches) throw new Doubt("A comment is not set apart.");
    if (node.type !== "comment") tokens.push(node);
    end = next;
  }
  if (!/^[ \t\n]*$/.test(script.slice(end))) throw new Doubt("The script is not understood.");
  return tokens;
}
