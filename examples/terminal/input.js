// Where input comes from: keys and edited lines of a terminal, or the lines of a file or pipe.

import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/**
 * Reads a terminal. Node's own line editor (history, word keys, completion) edits; what it would draw is dropped, since
 * the screen draws `line` itself. `onKey` sees a key that was typed on an empty line and says whether it was taken.
 */
export function readTerminal({ words, onKey, onLine, onInterrupt, onEnd, onChange }) {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const completer = (line) => [
    line.startsWith("/") ? words.filter((word) => word.startsWith(line)) : [],
    line,
  ];
  const editor = createInterface({ input: process.stdin, output: nowhere, terminal: true, completer });
  const clear = () => {
    editor.write(null, { ctrl: true, name: "e" });
    editor.write(null, { ctrl: true, name: "u" });
  };
  // A paste is one text, however many lines it has, and never an answer to a question.
  let pasting = false;
  let pasted = [];

  process.stdout.write("\x1b[?2004h");
  process.stdin.on("keypress", (text, key) => {
    if (key?.name === "paste-start" || key?.name === "paste-end") pasting = key.name === "paste-start";
    else if (!pasting && text !== undefined && editor.line === text && onKey(text)) clear();
    onChange();
  });
  editor.on("line", (line) => {
    pasted.push(line);
    if (pasting) return;
    const whole = pasted.join("\n");
    pasted = [];
    onLine(whole);
  });
  editor.on("SIGINT", onInterrupt);
  editor.on("SIGCONT", onChange);
  editor.on("close", onEnd);
  return {
    get line() {
      return editor.line;
    },
    get cursor() {
      return editor.cursor;
    },
    get empty() {
      return editor.line === "" && pasted.length === 0;
    },
    /** Lines of a paste that stand before the one that is edited. */
    get linesAbove() {
      return pasted.length;
    },
    clear() {
      pasted = [];
      clear();
    },
    close() {
      editor.removeAllListeners("close");
      editor.close();
    },
  };
}

/** Reads lines from standard input, one at a time. Split at line feeds alone, as every other program does. */
export function readLines() {
  const source = { lines: [], rest: "", ended: false };
  const arrivals = new EventEmitter();
  const end = () => {
    if (source.rest !== "") source.lines.push(source.rest);
    Object.assign(source, { rest: "", ended: true });
    arrivals.emit("change");
  };
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (chunk) => {
    const lines = (source.rest + chunk).split("\n");
    source.rest = lines.pop();
    source.lines.push(...lines);
    arrivals.emit("change");
  });
  process.stdin.on("end", end);
  process.stdin.on("error", end);

  /** The next line, which stays there; undefined at the end. */
  const peek = async () => {
    while (source.lines.length === 0 && !source.ended) await once(arrivals, "change");
    return source.lines[0];
  };
  return { peek, take: () => source.lines.shift(), close: () => process.stdin.destroy() };
}
