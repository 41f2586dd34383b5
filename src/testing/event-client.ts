import { type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import { createParser } from "eventsource-parser";
import { Mailbox } from "./mailbox.ts";

export interface ReceivedEvent {
  id: string | undefined;
  event: string | undefined;
  data: Record<string, unknown>;
}

export interface EventRequest {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}

/** The client of an event stream. */
export class EventClient {
  readonly response: IncomingMessage;
  readonly events = new Mailbox<ReceivedEvent>();
  readonly all: ReceivedEvent[] = [];
  comments = 0;
  /** Resolves when the stream has ended, or was cut off. */
  readonly ended: Promise<void>;

  private constructor(response: IncomingMessage) {
    this.response = response;
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        const received = { id, event, data: JSON.parse(data) as Record<string, unknown> };
        this.all.push(received);
        this.events.put(received);
      },
      onComment: () => (this.comments += 1),
    });
    response.setEncoding("utf8").on("data", (chunk: string) => parser.feed(chunk));
    response.on("error", () => undefined);
    this.ended = new Promise((resolve) => response.once("close", () => resolve()));
  }

  /** Resolves when the answer begins; rejects with its text when it is no event stream. */
  static async open(url: string, { method, headers = {}, body }: EventRequest = {}): Promise<EventClient> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const asking = request(url, {
      method: method ?? (json === undefined ? "GET" : "POST"),
      agent: false,
      headers: { Accept: "text/event-stream", ...(json !== undefined && JSON_TYPE), ...headers },
    });
    asking.end(json);
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    // From here on `ended` says it.
    asking.on("error", () => undefined);
    if (response.headers["content-type"]?.startsWith("text/event-stream") === true)
      return new EventClient(response);
    const chunks: Buffer[] = await response.toArray();
    throw new Error(`${response.statusCode} ${Buffer.concat(chunks).toString()}`);
  }

  /** The next event of this name. */
  async next(event: string): Promise<ReceivedEvent> {
    for (;;) {
      const received = await this.events.take();
      if (received.event === event) return received;
    }
  }

  names(): (string | undefined)[] {
    return this.all.map(({ event }) => event);
  }

  leave(): void {
    this.response.destroy();
  }
}

const JSON_TYPE = { "Content-Type": "application/json" };
