import type { Readable } from "node:stream";
import { AgentError } from "../contract/error.ts";
import type { ModelEvent, TellDelta } from "../contract/model.ts";
import { streamBroken, type ModelRef } from "./errors.ts";
import { EventParser } from "./event-parser.ts";
import { bodyStream } from "./http.ts";

/** What a provider's events come to. */
export interface EventReader {
  /** `data`: of one server-sent event. */
  take(data: string): Iterable<ModelEvent>;
  /** The body has ended in good order: whether the provider was done, only the reader can tell. */
  end?(): Iterable<ModelEvent>;
}

export interface ReadOptions {
  /** Named in errors. */
  model: ModelRef;
  /** The longest silence, in milliseconds. Time that the reader itself takes does not count. */
  idleTimeoutMs: number;
  signal: AbortSignal;
  tell?: TellDelta | undefined;
}

/**
 * What the events of a response's body come to, as they come. Throws AgentError `provider_stream_broken` (retryable)
 * when the body stalls or breaks, and the signal's reason when the signal fires.
 */
export async function* readEvents(
  response: Response,
  reader: EventReader,
  { model, idleTimeoutMs, signal, tell }: ReadOptions,
): AsyncGenerator<ModelEvent, void> {
  const body = new EventBody(bodyOf(response, model), reader, { model, idleTimeoutMs, tell });
  const stop = () => body.end({ error: signal.reason });
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const event = body.next();
      if (event) yield event;
      else if (body.ended) return body.throwIfBroken();
      else await body.more();
    }
  } finally {
    signal.removeEventListener("abort", stop);
    body.letGo(signal.aborted ? 0 : LINGER_MS);
  }
}

/** From this on a read is a part of a flood, in bytes: a record of TLS holds no more. */
const LARGE_READ = 16 * 1024;

/** How long the rest of a body may take to end, after the reader has all it wants, to keep the connection. */
const LINGER_MS = 100;

/**
 * Reads a body under the idle timer. A delta is told in the moment it comes, if all before it has been taken: then it
 * waits for nobody, not even for a promise. Everything else is kept until it is asked for.
 */
class EventBody {
  readonly #stream: Readable;
  readonly #options: Omit<ReadOptions, "signal">;
  readonly #waiting: ModelEvent[] = [];
  /** Whoever asked is still busy with what he got. */
  #busy = true;
  #ended: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(stream: Readable, reader: EventReader, options: Omit<ReadOptions, "signal">) {
    this.#stream = stream;
    this.#options = options;
    // One for all of it: a timer of its own for each piece costs as much as its parsing.
    this.#timer = setTimeout(() => this.#fallSilent(), options.idleTimeoutMs);
    const keep = (events: Iterable<ModelEvent>) => {
      for (const event of events) this.#keep(event);
    };
    const parser = new EventParser(
      (data) => keep(reader.take(data)),
      (what) => this.end({ error: this.#broken(what) }),
    );
    stream.on("data", (bytes: Uint8Array) => this.#during(() => this.#feed(parser, bytes)));
    stream.once("end", () => {
      this.#during(() => {
        parser.end();
        keep(reader.end?.() ?? []);
      });
      this.end({});
    });
    stream.on("error", (cause) => this.end({ error: this.#broken("the connection was lost", cause) }));
    stream.once("close", () => {
      if (!this.ended) this.end({ error: this.#broken("the connection was lost") });
    });
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** What waits, oldest first. Until it is called again nothing is told past it. */
  next(): ModelEvent | undefined {
    this.#busy = true;
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      if (!this.#tell(event)) return event;
    }
    return undefined;
  }

  /** Resolves when there may be more. */
  async more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#busy = false;
    this.#timer.refresh();
    this.#stream.resume();
    await promise;
  }

  throwIfBroken(): void {
    if (this.#ended && "error" in this.#ended) throw this.#ended.error;
  }

  /** Nothing more is taken in. */
  end(how: { error?: unknown }): void {
    this.#ended ??= how;
    this.#wake?.();
  }

  /** A body read to its end gives its connection back; one that does not end soon is cut off. */
  letGo(withinMs: number): void {
    clearTimeout(this.#timer);
    this.end({});
    const stream = this.#stream;
    if (stream.readableEnded || stream.destroyed) return;
    if (withinMs === 0) return void stream.destroy();
    const late = setTimeout(() => stream.destroy(), withinMs);
    stream.once("close", () => clearTimeout(late)).resume();
  }

  #feed(parser: EventParser, bytes: Uint8Array): void {
    this.#timer.refresh();
    parser.feed(bytes);
    if (this.#waiting.length === 0 && bytes.length < LARGE_READ) return;
    // What came of it is taken and written, and the other sessions have their turn, before more is read.
    this.#stream.pause();
    setImmediate(() => {
      if (!this.#busy) this.#stream.resume();
    });
  }

  #during(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (error) {
      this.end({ error });
    }
    if (this.#waiting.length > 0) this.#wake?.();
  }

  #keep(event: ModelEvent): void {
    if (this.#busy || this.#waiting.length > 0 || !this.#tell(event)) this.#waiting.push(event);
  }

  #tell(event: ModelEvent): boolean {
    const { tell } = this.#options;
    if (!tell || event.type !== "delta") return false;
    tell(event);
    return true;
  }

  #fallSilent(): void {
    if (this.#busy) return;
    this.end({ error: this.#broken(`nothing came for ${this.#options.idleTimeoutMs / 1000} seconds`) });
  }

  #broken(what: string, cause?: unknown): AgentError {
    return streamBroken(this.#options.model, what, cause);
  }
}

/** A wrong base URL often leads to a web server that answers everything with status 200 and a page. */
function bodyOf(response: Response, model: ModelRef): Readable {
  const body = bodyStream(response);
  if (!body) throw streamBroken(model, "the answer has no body");
  if (!response.headers.get("content-type")?.includes("text/html")) return body;
  body.destroy();
  throw new AgentError(
    "provider_bad_request",
    `${model.provider} answered the request for ${model.name} with a web page instead of an event stream. Check the base URL.`,
    { retryable: false, details: { provider: model.provider, model: model.name } },
  );
}
