import { AgentError } from "../../contract/error.ts";
import type { LogLine, Seq, SessionId } from "../../contract/log.ts";
import type { LogSource } from "./source.ts";
import { parseLine } from "../line.ts";

/** Lines after `after`, at most `limit`. Throws AgentError `log_unavailable` at a line that cannot be read. */
export async function* readLog(
  source: LogSource,
  { id, after, limit }: { id: SessionId; after: Seq; limit: number },
): AsyncGenerator<LogLine> {
  let left = limit;
  if (left <= 0) return;
  for await (const { text } of source.lines(id, 0)) {
    if (isBefore(text, after)) continue;
    const line = parseLine(text);
    if (line === undefined) throw new AgentError("log_unavailable", `the log of session ${id} is damaged`);
    if (line.seq <= after) continue;
    yield line;
    left -= 1;
    if (left <= 0) return;
  }
}

/**
 * Lines after `after`, then new ones as they come, until the signal fires. A line that cannot be read is left out: the
 * numbers show that it is missing.
 */
export async function* follow(
  source: LogSource,
  { id, after, signal }: { id: SessionId; after: Seq; signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const changes = new Changes(signal);
  const stop = source.watch(id, () => changes.notice());
  let position = 0;
  try {
    while (!signal.aborted) {
      for await (const { text, end } of source.lines(id, position)) {
        position = end;
        const line = isBefore(text, after) ? undefined : parseLine(text);
        if (line !== undefined && line.seq > after) yield line;
        if (signal.aborted) return;
      }
      await changes.next();
    }
  } finally {
    stop();
  }
}

/** Whether something has changed since it was last asked for. */
class Changes {
  #noticed = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => this.notice());
  }

  notice(): void {
    this.#noticed = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#noticed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#noticed = false;
  }
}

/** The line's number stands near its end, and nothing of a client's follows it. */
const NUMBER = /,"seq":(\d{1,15})(?:,"(?:salt|data_hash|prev_hash|hash)":"[0-9a-f]*")*\}$/;

/** A short cut past lines that nobody asked for. */
function isBefore(text: string, after: Seq): boolean {
  const number = after < 0 ? undefined : NUMBER.exec(text.slice(-400))?.[1];
  return number !== undefined && Number(number) <= after;
}
