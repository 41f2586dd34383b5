/** A piece of a text: as it is, or a character that nobody would see, written as its escape. */
export interface Piece {
  text: string;
  isEscape: boolean;
}

/** All that is not seen, or not seen as what it is: controls, bidirectional marks, fillers, and spaces of any other kind. */
const UNSEEN = /(?![\n ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const UNSEEN_BUT_TABS = /(?![\n\t ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** What can make a text look like another one. Emoji and the symbols of terminal fonts stay. */
const MISLEADING =
  /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** For what is decided upon: every character but plain spaces and line breaks can be seen. */
export const exactPieces = (text: string): Piece[] => split(text, UNSEEN);

/** The same for code, where tabs indent. */
export const exactCodePieces = (text: string): Piece[] => split(text, UNSEEN_BUT_TABS);

/** For what is read: no character can reorder the text, hide in it, or break out of its line. */
export const readablePieces = (text: string): Piece[] => split(text, MISLEADING);

export const readable = (text: string): string => text.replace(MISLEADING, escapeOf);

function split(text: string, pattern: RegExp): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > start) pieces.push({ text: text.slice(start, match.index), isEscape: false });
    const escape = escapeOf(match[0]);
    const last = pieces.at(-1);
    if (last?.isEscape === true) last.text += escape;
    else pieces.push({ text: escape, isEscape: true });
    start = match.index + match[0].length;
  }
  if (start < text.length) pieces.push({ text: text.slice(start), isEscape: false });
  return pieces;
}

const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\r": "\\r", "\b": "\\b", "\0": "\\0" };

function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return SHORT[character] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`);
}
