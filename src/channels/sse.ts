import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { PageAnswer, StreamEvent } from "../contract/page.ts";
import { type Clock, systemClock } from "./clock.ts";

/** How often something is said to a client for whom there is nothing new. */
const HEARTBEAT_MS = 15_000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // Proxies that collect an answer before they pass it on would keep the events.
  "X-Accel-Buffering": "no",
};

/**
 * Sends events as Server-Sent Events. The next event is asked for when the client has taken the ones before: no more
 * waits for a slow one than its socket's buffer and one event.
 */
export class EventStreams {
  readonly #clock: Clock;
  readonly #open = new Set<AbortController>();

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.#clock = clock;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Resolves when the stream has ended. Rejects, before anything is sent, when the events cannot begin. */
  async send(
    response: ServerResponse,
    { status, headers, events }: Omit<PageAnswer, "body" | "events"> & Required<Pick<PageAnswer, "events">>,
  ): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    this.#open.add(gone);
    const stopHeartbeat = this.#clock.every(HEARTBEAT_MS, () => {
      // A comment. Whoever is still to read what was sent before needs none.
      if (response.headersSent && !response.writableNeedDrain) response.write(":\n\n");
    });
    try {
      response.writeHead(status, { ...headers, ...HEADERS });
      if (response.req.method === "HEAD") return;
      response.write(":\n\n");
      for await (const event of events(gone.signal)) {
        if (gone.signal.aborted) break;
        if (!response.write(format(event))) await drained(response, gone.signal);
      }
    } finally {
      stopHeartbeat();
      this.#open.delete(gone);
      gone.abort();
      response.end();
    }
  }

  /** Ends all streams. Their clients come back with the last event that they have. */
  close(): void {
    for (const stream of this.#open) stream.abort();
  }
}

async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  // A client that leaves never drains.
  await once(response, "drain", { signal: gone }).catch(() => undefined);
}

/** Every line break in the data begins a line of its own; in an id there is none. */
function format({ id, event, data }: StreamEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${id === undefined ? "" : `id: ${id}\n`}${name}${lines.join("")}\n`;
}
