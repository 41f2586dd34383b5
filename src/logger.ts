import { type Logger, pino } from "pino";
import type { Redactor } from "./contract/redact.ts";

const COLOURS: Record<string, string> = {
  trace: "2",
  debug: "2",
  info: "36",
  warn: "33",
  error: "31",
  fatal: "31",
};

interface LogStream {
  isTTY: boolean;
  write(text: string): unknown;
}

/** The server's own log, on standard error, without secrets: JSON lines, or lines for people on a terminal. */
export function createLogger(level: string, redactor: Redactor, stream: LogStream = process.stderr): Logger {
  const base = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  const write = (line: string) => {
    const { text } = redactor.json(line);
    stream.write(stream.isTTY ? forPeople(text) : text);
  };
  return pino(base, { write });
}

function forPeople(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const name = String(level);
  const details = Object.entries(facts).map(
    ([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const stack = err === undefined ? "" : `\n${(err as { stack?: string }).stack ?? JSON.stringify(err)}`;
  const [said, more, trace] = [String(msg), details.join(""), stack].map(printable);
  return `\u001b[2m${clock}\u001b[0m \u001b[${COLOURS[name] ?? "0"}m${name}\u001b[0m ${said}\u001b[2m${more}\u001b[0m${trace}\n`;
}

/** What came from elsewhere moves no cursor and turns no text around; its further lines are set in, not to look like ours. */
const printable = (text: string): string =>
  text
    .replace(
      /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    .replaceAll("\n", "\n    ");
