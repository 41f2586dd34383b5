import type { EventAnswer, EventClient, PageRequest, StreamEvent } from "../contract/page.ts";
import type { CloseReason } from "../contract/protocol.ts";

/** The client's end of an event stream, without a socket. */
export class LinkedEvents {
  readonly events: StreamEvent[] = [];
  headers: Record<string, string> = {};
  ended: CloseReason | undefined;
  #closed: () => void = () => undefined;
  #taken = 0;
  #changed = Promise.withResolvers<void>();

  /** Rejects when the answer refuses the client. */
  static async open({ open }: EventAnswer, id = "client"): Promise<LinkedEvents> {
    const linked = new LinkedEvents();
    const { closed, headers = {} } = await open(linked.#end(id));
    linked.#closed = closed;
    linked.headers = headers;
    if (linked.ended !== undefined) linked.leave();
    return linked;
  }

  /** The next event of this name, parsed. */
  async next(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const event = this.events[this.#taken];
      if (event !== undefined) {
        this.#taken += 1;
        if (event.event === name) return JSON.parse(event.data) as Record<string, unknown>;
      } else if (this.ended === undefined) await this.#changed.promise;
      else throw new Error(`the stream ended (${this.ended}) before any ${name} came`);
    }
  }

  async untilEnded(): Promise<CloseReason> {
    while (this.ended === undefined) await this.#changed.promise;
    return this.ended;
  }

  names(): (string | undefined)[] {
    return this.events.map(({ event }) => event);
  }

  leave(): void {
    this.#closed();
  }

  #end(id: string): EventClient {
    return {
      info: { id, door: "linked" },
      drained: async () => {},
      send: (event) => {
        if (this.ended !== undefined) return;
        this.events.push(event);
        this.#tell();
      },
      end: (reason) => this.#finish(reason),
      fail: () => this.#finish("internal"),
    };
  }

  #finish(reason: CloseReason): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.#tell();
    queueMicrotask(() => this.leave());
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A request as it reaches a page: one with a body is a POST. */
export const pageRequest = (asked: Partial<PageRequest> = {}): PageRequest => ({
  method: asked.body === undefined ? "GET" : "POST",
  path: "/",
  params: {},
  query: new URLSearchParams(),
  headers: { accept: "text/event-stream" },
  body: "",
  ...asked,
});
