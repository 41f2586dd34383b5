import { Doubt, quoted } from "./doubt.ts";

/** One word of a command as its program gets it. `pattern`: the shell replaces the word by file names. */
export interface Word {
  text: string;
  pattern?: Piece[];
}

/** A part of a word; `isLiteral`: it was quoted, so `*` and `?` mean themselves. */
export interface Piece {
  text: string;
  isLiteral: boolean;
}

/** What may stand outside quotes. `*` and `?` are the only ones of them with a meaning. */
const PLAIN = /^[A-Za-z0-9_./,:=+@%^*?-]+/;

/** Reads the quoting of one word as bash does. Throws a Doubt for every expansion but `*` and `?`. */
export function readWord(source: string): Word {
  const pieces: Piece[] = [];
  let rest = source;
  while (rest !== "") {
    const [length, piece] = readPiece(rest);
    pieces.push(piece);
    rest = rest.slice(length);
  }
  const text = pieces.map((piece) => piece.text).join("");
  const isPattern = pieces.some((piece) => !piece.isLiteral && /[*?]/.test(piece.text));
  return isPattern ? { text, pattern: pieces } : { text };
}

function readPiece(source: string): [length: number, Piece] {
  const plain = PLAIN.exec(source)?.[0];
  if (plain !== undefined) return [plain.length, { text: plain, isLiteral: false }];
  const single = /^'([^'\n]*)'/.exec(source);
  if (single) return [single[0].length, { text: single[1] ?? "", isLiteral: true }];
  const double = /^"((?:[^"\\\n]|\\[^\n])*)"/.exec(source);
  if (double) return [double[0].length, { text: withoutEscapes(double[1] ?? ""), isLiteral: true }];
  throw new Doubt(`${quoted(source)} has a meaning to the shell that is not looked into.`);
}

/** Inside double quotes: a dollar sign is itself only behind a backslash or at the end. */
function withoutEscapes(inner: string): string {
  const literal = inner.replace(/\$$/, "").replace(/\\[^]/g, "");
  if (/[$`]/.test(literal)) throw new Doubt(`${quoted(inner)} has something that the shell would replace.`);
  return inner.replace(/\\([$`"\\])/g, "$1");
}
