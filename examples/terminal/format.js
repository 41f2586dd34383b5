// Turns what comes over the wire into text that is safe and pleasant on a terminal. No input, no output, no state.

// Characters that reorder or hide the text around them: a command could look harmless and be another one.
const HIDING = /[\u200b\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{M}\u200c-\u200f]/u;

/**
 * Shows every character that could steer a terminal or hide text instead of sending it: ESC becomes ␛, an override of
 * the writing direction ⟨202e⟩. Line breaks and tabs stay. Character by character, so that text in pieces gives the
 * same as the whole; and JSON stays JSON, because messages carry JSON in strings.
 */
export function clean(text) {
  return text.replace(/[^\P{Cc}\n\t]/gu, picture).replace(HIDING, named);
}

function picture(control) {
  const code = control.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : named(control);
}

const named = (character) => `⟨${character.codePointAt(0).toString(16)}⟩`;

/** Parses JSON from the other side; every string in it comes out clean. */
export function parseClean(json) {
  return JSON.parse(json, (_key, value) => (typeof value === "string" ? clean(value) : value));
}

/** The same, for JSON inside a message that may as well be plain text: undefined when it is. */
export function tryParseClean(json) {
  try {
    return parseClean(json);
  } catch {
    return undefined;
  }
}

/** What a program printed, as a terminal would leave it: colours gone, only the last state of a progress bar. */
export function programOutput(cleaned) {
  return cleaned
    .replace(/␛\[[0-?]*[ -/]*[@-~]/g, "")
    .replace(/␛\][^␇␛\n]*(?:␇|␛\\)/g, "")
    .replace(/␍+\n/g, "\n")
    .replace(/^.*␍(?=[^\n])/gm, "")
    .replaceAll("\t", "    ");
}

/** Styles by name; the identity when colours are off. */
export function createPaint(enabled) {
  const style = (code) => (text) => (enabled && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    bold: style("1"),
    dim: style("2"),
    faint: style("2;3"),
    red: style("31"),
    green: style("32"),
    yellow: style("33"),
    cyan: style("36"),
    boldCyan: style("1;36"),
    boldYellow: style("1;33"),
    none: (text) => text,
  };
}

/** A command as one would type it; of `bash -lc SCRIPT` the script. */
export function commandText(command) {
  if (!Array.isArray(command)) return String(command ?? "");
  const [program, option, script] = command.map(String);
  const isShell = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z)?sh$/.test(program ?? "");
  if (command.length === 3 && isShell && /^-l?c$/.test(option)) return script;
  return command.map((word) => quote(String(word))).join(" ");
}

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** A call that has not been told as a command yet: what its arguments say it will run. */
export function callText({ name, arguments: json }) {
  const args = tryParseClean(String(json ?? ""));
  if (args?.command !== undefined || args?.cmd !== undefined) return commandText(args.command ?? args.cmd);
  return name === "apply_patch" ? "apply_patch" : `${name} ${json ?? ""}`.trim();
}

/** A unified diff (or a patch in the apply_patch notation) as coloured lines. */
export function diffLines(diff, paint) {
  return bodyOf(diff).map((line) => diffStyle(line, paint)(line));
}

/** The lines of a diff without the header that names its files. */
function bodyOf(diff) {
  const lines = diff.replace(/\n$/, "").split("\n");
  const firstHunk = lines.findIndex((line) => line.startsWith("@@"));
  return lines.filter((line, index) => index >= firstHunk || !/^(?:---|\+\+\+|===|Index:|diff )/.test(line));
}

function diffStyle(line, paint) {
  if (line.startsWith("+")) return paint.green;
  if (line.startsWith("-")) return paint.red;
  if (line.startsWith("@@")) return paint.cyan;
  if (line.startsWith("***")) return paint.bold;
  return paint.none;
}

/** `update src/a.ts  +3 -1`, then the diff. */
export function fileLines({ path, kind, move_path: target, diff = "" }, paint) {
  const body = bodyOf(diff);
  const starting = (sign) => body.filter((line) => line.startsWith(sign)).length;
  const counts = `${paint.green(`+${starting("+")}`)} ${paint.red(`-${starting("-")}`)}`;
  const name = target ? `${path} → ${target}` : path;
  return [`${paint.bold(`${kind} ${name}`)}  ${counts}`, ...diffLines(diff, paint)];
}

/** `1,234 in (1,000 cached) · 56 out · $0.0012`. */
export function usageText(usage) {
  if (!usage) return "";
  const cached = usage.cached_input_tokens > 0 ? ` (${count(usage.cached_input_tokens)} cached)` : "";
  const parts = [`${count(usage.input_tokens)} in${cached}`, `${count(usage.output_tokens)} out`];
  if (usage.cost_usd > 0) parts.push(`$${usage.cost_usd.toFixed(usage.cost_usd < 0.1 ? 4 : 2)}`);
  return parts.join(" · ");
}

export const count = (number) => (typeof number === "number" ? number.toLocaleString("en-US") : "?");

export const seconds = (milliseconds) =>
  milliseconds < 9_950 ? `${(milliseconds / 1000).toFixed(1)}s` : `${Math.round(milliseconds / 1000)}s`;

/** How many columns a text takes. */
export function cells(text) {
  let total = 0;
  for (const character of text) total += cellsOf(character);
  return total;
}

function cellsOf(character) {
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The beginning of a text (without styles) that fits into `width` columns. */
export function fit(text, width) {
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += cellsOf(character);
    if (used > width) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** Breaks a line between words into rows of at most `width` columns. */
export function wrap(line, width) {
  const rows = [];
  let rest = line;
  for (;;) {
    const head = fit(rest, width);
    if (head.length === rest.length) return [...rows, rest];
    const space = rest[head.length] === " " ? head.length : head.lastIndexOf(" ");
    // A word longer than a row is cut; so is one that only an indentation precedes.
    const end = head.slice(0, space).trim() === "" ? Math.max(head.length, 1) : space;
    rows.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^ /, "");
  }
}
