// Where text goes. A screen has lines that stay, running text, and (on a terminal) rows at the bottom that are drawn
// anew with every change: the spinner, a command's last lines, the input line.

import { cells, wrap } from "./format.js";

const MARGIN = "  ";
const MAX_TEXT_WIDTH = 100;
const FOOTER_ROWS = 6;
// Cursor shown, lines wrapped, pastes not marked: as every other program expects it.
const RESTORED = "\x1b[?25h\x1b[?7h\x1b[?2004l";

/** A terminal that understands cursor movement gets the living rows; a file, a pipe or a dumb terminal plain text. */
export function createScreen() {
  const living = process.stdout.isTTY && process.env.TERM !== "dumb";
  process.stdout.on("error", () => process.exit(1));
  return living ? new LivingScreen(process.stdout) : new PlainScreen();
}

/** The answer goes to standard output, everything else to standard error: `client "question" > answer.txt`. */
class PlainScreen {
  living = false;
  columns = 200;
  room = 0;
  footer = () => ({ rows: [] });
  #open;

  line(text = "") {
    this.endText();
    process.stderr.write(`${text}\n`);
  }

  text(piece, { answer }) {
    const stream = answer ? process.stdout : process.stderr;
    if (this.#open !== stream) this.endText();
    stream.write(piece);
    this.#open = piece.endsWith("\n") ? undefined : stream;
  }

  endText() {
    this.#open?.write("\n");
    this.#open = undefined;
  }

  gap() {
    this.endText();
  }

  refresh() {}

  close() {
    this.endText();
  }
}

class LivingScreen {
  living = true;
  /** Gives the rows at the bottom: `{ rows, cursor? }`; `cursor` is a column of the last row, hidden when absent. */
  footer = () => ({ rows: [] });
  #output;
  #finished = "";
  #row = "";
  #style = (text) => text;
  #afterBlank = true;
  #rowsDrawn = 0;
  #scheduled;

  constructor(output) {
    this.#output = output;
    output.on("resize", () => this.refresh());
    process.on("exit", () => output.write(RESTORED));
  }

  get columns() {
    return this.#output.columns || 80;
  }

  /** Rows beside the footer's own: what is drawn anew must fit on the screen. */
  get room() {
    return Math.max(1, (this.#output.rows || 24) - FOOTER_ROWS);
  }

  get textWidth() {
    return Math.max(10, Math.min(this.columns - 1, MAX_TEXT_WIDTH) - MARGIN.length);
  }

  line(text = "") {
    this.endText();
    this.#keep(text);
  }

  text(piece, { style }) {
    this.#style = style;
    const lines = (this.#row + piece).replaceAll("\t", "    ").split("\n");
    const last = wrap(lines.pop(), this.textWidth);
    this.#row = last.pop();
    for (const row of [...lines.flatMap((line) => wrap(line, this.textWidth)), ...last]) {
      this.#keep(row === "" ? "" : MARGIN + style(row));
    }
    this.refresh();
  }

  endText() {
    if (this.#row !== "") this.#keep(MARGIN + this.#style(this.#row));
    this.#row = "";
  }

  /** One empty line before what comes next, not two. */
  gap() {
    this.endText();
    if (!this.#afterBlank) this.#keep("");
  }

  refresh() {
    this.#scheduled ??= setImmediate(() => this.#draw());
  }

  /** Leaves the finished lines, and the cursor below them. */
  close() {
    this.endText();
    this.footer = () => ({ rows: [] });
    this.#draw();
  }

  #keep(text) {
    this.#finished += `${text}\n`;
    this.#afterBlank = text === "";
    this.refresh();
  }

  // One write a frame, so that nothing flickers. Without automatic wrapping a row whose width the terminal counts
  // differently cannot become two, and the way back up stays right.
  #draw() {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const { rows, cursor } = this.footer();
    const open = this.#row === "" ? [] : [MARGIN + this.#style(this.#row)];
    const living = [...open, ...rows];
    const up = this.#rowsDrawn > 1 ? `\x1b[${this.#rowsDrawn - 1}A` : "";
    const place = cursor === undefined ? "" : `\r${cursor > 0 ? `\x1b[${cursor}C` : ""}\x1b[?25h`;
    this.#output.write(`\x1b[?25l${up}\r\x1b[J${this.#finished}\x1b[?7l${living.join("\n")}\x1b[?7h${place}`);
    this.#finished = "";
    this.#rowsDrawn = living.length;
  }
}

/** The part of an input line that fits beside its prompt, and the column of the cursor in it. */
export function inputWindow(line, cursor, width) {
  let start = 0;
  while (cells(line.slice(start, cursor)) >= width) start += line.codePointAt(start) > 0xffff ? 2 : 1;
  return { text: line.slice(start), column: cells(line.slice(start, cursor)) };
}
