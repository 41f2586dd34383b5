import { readable } from "./visible.ts";

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
type Colour = (typeof COLOURS)[number];

export interface Style {
  colour?: Colour;
  /** Written on a ground of its colour. */
  filled?: boolean;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

/** Characters in a row that look alike. */
interface Run {
  text: string;
  style: Style;
}

export interface TerminalText {
  runs: Run[];
  /** How many characters before these are left out. */
  omitted: number;
}

/** What a page can draw without making its reader wait. */
const DEFAULT_LIMITS = { characters: 60_000, lines: 2000, runs: 2000 };

const ESC = "\u001b";
/** A longer sequence is none: it would swallow what follows. */
const LONGEST_SEQUENCE = 1024;

/**
 * Reads what a command wrote for a terminal: colours become styles, a carriage return begins its line anew, every other
 * sequence goes. What could reorder the text or hide in it is written as an escape. Of a long text the end is taken.
 */
export function readTerminal(text: string, limits = DEFAULT_LIMITS): TerminalText {
  const start = startOfEnd(text, limits);
  const screen = new Screen(limits.runs);
  let at = start;
  while (at < text.length) {
    const escape = text.indexOf(ESC, at);
    if (escape === -1) break;
    screen.write(text.slice(at, escape));
    const end = endOfSequence(text, escape);
    screen.obey(text.slice(escape + 1, end));
    at = Math.max(end, escape + 1);
  }
  screen.write(text.slice(at));
  return { runs: screen.runs, omitted: start };
}

/** After a line break where there is one near. */
function startOfEnd(text: string, { characters, lines }: typeof DEFAULT_LIMITS): number {
  let start = Math.max(0, text.length - characters);
  let at = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let count = 0; count < lines && at > start; count += 1) {
    at = text.lastIndexOf("\n", at - 1);
  }
  if (at > start) return at + 1;
  if (start === 0) return 0;
  const line = text.indexOf("\n", start);
  if (line !== -1 && line < start + 2000) start = line + 1;
  return start;
}

/** The end of the sequence that begins at an escape; what is none ends after it. */
function endOfSequence(text: string, escape: number): number {
  const kind = text[escape + 1];
  const limit = Math.min(text.length, escape + LONGEST_SEQUENCE);
  if (kind === "[") {
    for (let at = escape + 2; at < limit; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= 0x40 && code <= 0x7e) return at + 1;
      if (code < 0x20 || code > 0x7e) return at;
    }
    return limit;
  }
  if (kind === "]" || kind === "P" || kind === "_" || kind === "^") {
    for (let at = escape + 2; at < limit; at += 1) {
      if (text[at] === "\u0007") return at + 1;
      if (text[at] === ESC) return text[at + 1] === "\\" ? at + 2 : at;
      if (text[at] === "\n") return at;
    }
    return limit;
  }
  return Math.min(text.length, escape + 2);
}

/** Lines as they are being written. */
class Screen {
  readonly runs: Run[] = [];
  readonly #limit: number;
  #style: Style = {};
  #styleIsNew = true;
  /** Where the current line begins: a run, and a place in it. */
  #line = { run: 0, at: 0 };
  #isReturned = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  write(text: string): void {
    for (const part of text.split(/(\r\n|[\n\r\b])/)) {
      if (part === "") continue;
      if (part === "\r") this.#isReturned = true;
      else if (part === "\b") this.#erase();
      else if (part === "\n" || part === "\r\n") this.#breakLine();
      else this.#put(readable(part));
    }
  }

  /** A sequence without its escape: only colours and the like are obeyed. */
  obey(sequence: string): void {
    const codes = /^\[([\d;:]*)m$/.exec(sequence)?.[1];
    if (codes === undefined) return;
    this.#style = applyCodes(this.#style, codes);
    this.#styleIsNew = true;
  }

  #put(text: string): void {
    if (this.#isReturned) this.#clearLine();
    const last = this.runs.at(-1);
    // Too many styles to draw: the rest looks like what came before.
    if (last && (!this.#styleIsNew || this.runs.length >= this.#limit)) last.text += text;
    else this.runs.push({ text, style: this.#style });
    this.#styleIsNew = false;
  }

  #breakLine(): void {
    this.#isReturned = false;
    this.#put("\n");
    this.#line = { run: this.runs.length - 1, at: this.runs.at(-1)?.text.length ?? 0 };
  }

  #clearLine(): void {
    this.#isReturned = false;
    const { run, at } = this.#line;
    this.runs.length = Math.min(this.runs.length, run + 1);
    const first = this.runs[run];
    if (first) first.text = first.text.slice(0, at);
    this.#styleIsNew = true;
  }

  #erase(): void {
    const last = this.runs.at(-1);
    if (last && !last.text.endsWith("\n")) last.text = last.text.slice(0, -1);
  }
}

/** SGR: the codes that terminals of all kinds know. */
function applyCodes(before: Style, codes: string): Style {
  let style = before;
  const numbers = codes.split(/[;:]/).map(Number);
  for (let index = 0; index < numbers.length; index += 1) {
    const code = numbers[index] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, length } = extendedColour(numbers.slice(index + 1));
      index += length;
      style = code === 38 ? withColour(style, colour) : onGround(style, colour);
    } else {
      style = applyCode(style, code);
    }
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 7) return { ...style, filled: true };
  if (code === 22) return without(style, "bold", "dim");
  if (code === 23) return without(style, "italic");
  if (code === 24) return without(style, "underline");
  if (code === 27 || code === 49) return without(style, "filled");
  if (code === 39) return without(style, "colour");
  if (code >= 30 && code <= 37) return withColour(style, COLOURS[code - 30]);
  if (code >= 90 && code <= 97) return withColour(style, COLOURS[code - 90]);
  if (code >= 40 && code <= 47) return onGround(style, COLOURS[code - 40]);
  if (code >= 100 && code <= 107) return onGround(style, COLOURS[code - 100]);
  return style;
}

/** On a coloured ground the ground's colour is what counts, and the letters stay legible whatever was asked for. */
const onGround = (style: Style, colour: Colour | undefined): Style =>
  colour === undefined || colour === "black" ? style : { ...style, colour, filled: true };

const withColour = (style: Style, colour: Colour | undefined): Style =>
  colour === undefined || style.filled === true ? style : { ...style, colour };

function without(style: Style, ...names: (keyof Style)[]): Style {
  const rest = { ...style };
  for (const name of names) delete rest[name];
  return rest;
}

/** One of 256 colours or of all: the nearest of the eight, so that it can be read on any ground. */
function extendedColour([kind, ...values]: number[]): { colour?: Colour; length: number } {
  if (kind === 5) return { ...colourOf256(values[0] ?? 0), length: 2 };
  if (kind === 2) return { ...nearest(values[0] ?? 0, values[1] ?? 0, values[2] ?? 0), length: 4 };
  return { length: 1 };
}

function colourOf256(index: number): { colour?: Colour } {
  const colour = COLOURS[index % 8];
  if (index < 16) return colour === undefined ? {} : { colour };
  if (index >= 232) return {};
  const cube = index - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

function nearest(red: number, green: number, blue: number): { colour?: Colour } {
  const most = Math.max(red, green, blue);
  if (most - Math.min(red, green, blue) < 40) return {};
  const bits = [red, green, blue].map((part) => (part > most * 0.6 ? 1 : 0));
  const colour = COLOURS[(bits[0] ?? 0) + (bits[1] ?? 0) * 2 + (bits[2] ?? 0) * 4];
  return colour === undefined ? {} : { colour };
}
