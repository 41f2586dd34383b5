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
  return `\u001b[2m${clock}\u001b[0m \u001b[${COLOURS[name] ?? "0"}m${name}\u001b[0m ${String(msg)}\u001b[2m${details.join("")}\u001b[0m${stack}\n`;
}
