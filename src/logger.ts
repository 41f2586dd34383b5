import { type Logger, pino } from "pino";

const COLOURS: Record<string, string> = {
  trace: "2",
  debug: "2",
  info: "36",
  warn: "33",
  error: "31",
  fatal: "31",
};

/** The server's own log, on standard error: JSON lines, or lines for people on a terminal. */
export function createLogger(level: string, stream: NodeJS.WriteStream = process.stderr): Logger {
  const base = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  if (!stream.isTTY) return pino(base, stream);
  return pino(base, { write: (line: string) => void stream.write(forPeople(line)) });
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
