import type { Writable } from "node:stream";
import type { EventAnswer, StreamEvent } from "../contract/page.ts";
import type { CloseReason } from "../contract/protocol.ts";
import { type ChannelParts, Client, type ConnectionFacts, type Speaker } from "./client.ts";
import { systemClock } from "./clock.ts";
import { type ChannelLimits, DEFAULT_CHANNEL_LIMITS } from "./limits.ts";

interface SseChannelOptions extends Pick<ChannelParts, "log">, Partial<Pick<ChannelParts, "clock">> {
  limits?: Partial<ChannelLimits>;
}

/** Begins the answer to the request with these headers. */
type BeginAnswer = (headers: Record<string, string>) => Writable;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-transform",
  // A proxy such as nginx would collect the events otherwise.
  "X-Accel-Buffering": "no",
};

/** What a reader skips, and a proxy takes for a sign of life. */
const COMMENT = ":\n\n";

/** Sends event streams (server-sent events), each to one client with a bounded queue. */
export class SseChannel {
  readonly #parts: ChannelParts;
  readonly #clients = new Set<Client>();
  readonly #stopHeartbeat: () => void;

  constructor({ limits, log, clock = systemClock }: SseChannelOptions) {
    this.#parts = { limits: { ...DEFAULT_CHANNEL_LIMITS, ...limits }, log, clock };
    this.#stopHeartbeat = clock.every(this.#parts.limits.pingIntervalMs, () => {
      for (const client of this.#clients) client.heartbeat();
    });
  }

  /** Clients that are connected. */
  get clients(): Iterable<Client> {
    return this.#clients;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Rejects with what the events refuse the client with: the answer has not begun then. */
  async accept(facts: ConnectionFacts, { open }: EventAnswer, beginAnswer: BeginAnswer): Promise<void> {
    const client = new Client(facts, this.#parts, () => this.#clients.delete(client));
    this.#clients.add(client);
    try {
      const { closed, headers } = await open({
        info: client.info,
        send: (event, droppable) => client.send(textOf(event), droppable),
        drained: () => client.drained(),
        end: (reason) => client.end(reason),
        fail: (error) => client.fail(error),
      });
      client.join({ receive() {}, oversized() {}, closed });
      this.#start(client, beginAnswer({ ...HEADERS, ...headers }));
    } finally {
      // Refused, or the client has left in the meantime.
      if (!client.started) client.leave();
    }
  }

  #start(client: Client, answer: Writable): void {
    answer.on("error", (error) =>
      this.#parts.log.debug({ client: client.info.id, err: error }, "an event stream failed"),
    );
    answer.once("close", () => client.leave());
    // The client learns that it was let in before there is anything to tell.
    answer.write(COMMENT);
    client.start(speakerOn(answer, client, this.#parts.limits.closeTimeoutMs), answer);
    // It may have left while the answer was prepared.
    if (answer.destroyed) client.leave();
  }

  /** Ends all streams. */
  close(reason: CloseReason): void {
    this.#stopHeartbeat();
    for (const client of this.#clients) client.end(reason);
  }
}

const speakerOn = (answer: Writable, client: Client, closeTimeoutMs: number): Speaker => ({
  get bufferedAmount() {
    return answer.writableLength;
  },
  send: (text) => answer.write(text),
  ping() {
    answer.write(COMMENT);
    // Nobody answers a comment: whether the client is there, the network must say.
    client.ponged();
  },
  close() {
    const late = setTimeout(() => answer.destroy(), closeTimeoutMs);
    answer.once("close", () => clearTimeout(late)).end();
  },
  terminate: () => void answer.destroy(),
});

/** A field cannot hold a line break: one in `data` begins a further line of it. */
function textOf({ id, event, data }: StreamEvent): string {
  const lines = data.split(/\r\n|[\r\n]/).map((line) => `data: ${line}\n`);
  const head = (id === undefined ? "" : `id: ${id}\n`) + (event === undefined ? "" : `event: ${event}\n`);
  return `${head}${lines.join("")}\n`;
}
