/**
 * The texts by which a value is recognised: itself, and what base64 makes of it at each of the three places where it
 * can begin in what was encoded, as far as the value alone decides (up to two of its characters at either end are
 * encoded together with their neighbours). `matchAt` adds the escapes.
 */
export function spellingsOf(value: string): string[] {
  const encoded = [0, 1, 2].map((before) => base64At(value, before));
  const forUrls = encoded.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [...new Set([value, ...encoded, ...forUrls])];
}

function base64At(value: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
  // Six bits a character: the first ones belong partly to what stands before, the last ones to what comes after.
  return bytes.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** The text is not this spelling. */
const NO = 0;
/** The text ends, and so far it is this spelling. */
export const OPEN = -1;

/**
 * Where a spelling that begins at `start` ends, NO or OPEN. Each of its characters may be escaped: in JSON, also in
 * JSON within JSON (any number of backslashes), in a URL (`%2F`), or by a backslash.
 */
export function matchAt(text: string, start: number, spelling: string): number {
  // Its own % or backslash is not always the beginning of an escape.
  const ambiguous = /[%\\]/.test(spelling);
  if (ambiguous && text.startsWith(spelling, start)) return start + spelling.length;
  const end = escapedMatchAt(text, start, spelling);
  return end === NO && ambiguous && isOpen(text, start, spelling) ? OPEN : end;
}

function escapedMatchAt(text: string, start: number, spelling: string): number {
  let at = start;
  for (let index = 0; index < spelling.length; index += 1) {
    if (at === text.length) return OPEN;
    const code = spelling.charCodeAt(index);
    const found = text.charCodeAt(at);
    if (found === BACKSLASH) {
      // A run of backslashes is one or more of them, however often it was escaped.
      if (code === BACKSLASH) while (spelling.charCodeAt(index + 1) === BACKSLASH) index += 1;
      at = unescapedAfter(text, at, code);
    } else if (found === PERCENT) at = afterPercent(text, at, code);
    else at = found === code ? at + 1 : NO;
    if (at <= 0) return at;
  }
  return at;
}

const isOpen = (text: string, start: number, spelling: string) =>
  text.length - start < spelling.length && spelling.startsWith(text.slice(start));

/** The first character of what begins here, unescaped; undefined where the text ends before that is known. */
export function firstCode(text: string, start: number): number | undefined {
  const code = text.charCodeAt(start);
  if (code === PERCENT) return hexCode(text, start + 1, 2, code);
  if (code !== BACKSLASH) return code;
  const at = afterBackslashes(text, start);
  if (at === text.length) return undefined;
  const found = text[at] ?? "";
  if (found === "u") return hexCode(text, at + 1, 4, found.charCodeAt(0));
  return LETTER_ESCAPES[found] ?? found.charCodeAt(0);
}

function hexCode(text: string, at: number, digits: number, otherwise: number): number | undefined {
  const hex = text.slice(at, at + digits);
  if (hex.length < digits) return undefined;
  return /^[\da-f]+$/i.test(hex) ? parseInt(hex, 16) : otherwise;
}

const BACKSLASH = 0x5c;
const PERCENT = 0x25;

/** Longer runs of backslashes escape nothing. */
const MAX_BACKSLASHES = 32;

const LETTER_ESCAPES: Record<string, number> = { b: 8, t: 9, n: 10, f: 12, r: 13 };

function unescapedAfter(text: string, start: number, code: number): number {
  const at = afterBackslashes(text, start);
  if (at - start > MAX_BACKSLASHES) return NO;
  if (at === text.length) return OPEN;
  if (code === BACKSLASH) return at;
  const found = text[at] ?? "";
  if (LETTER_ESCAPES[found] === code) return at + 1;
  if (found.charCodeAt(0) === code && !/\w/.test(found)) return at + 1;
  return found === "u" ? afterHex(text, at + 1, code, 4) : NO;
}

/** Where the run of backslashes ends that begins here. */
export function afterBackslashes(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === BACKSLASH) at += 1;
  return at;
}

function afterPercent(text: string, at: number, code: number): number {
  const end = afterHex(text, at + 1, code, 2);
  return end === NO && code === PERCENT ? at + 1 : end;
}

function afterHex(text: string, at: number, code: number, digits: number): number {
  const expected = code.toString(16).padStart(digits, "0");
  const found = text.slice(at, at + digits).toLowerCase();
  if (found === expected) return at + digits;
  return at + found.length === text.length && expected.startsWith(found) ? OPEN : NO;
}
