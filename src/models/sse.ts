import { createParser } from "eventsource-parser";
import { AgentError } from "../contract/error.ts";
import { streamBroken, type ModelRef } from "./errors.ts";

export interface ServerSentEvent {
  event?: string;
  data: string;
}

export interface ReadOptions {
  /** Named in errors. */
  model: ModelRef;
  /** The longest silence, in milliseconds. Time that the reader itself takes does not count. */
  idleTimeoutMs: number;
  signal: AbortSignal;
}

/** The largest event; images and long tool arguments stay far below it. In characters. */
const MAX_EVENT_SIZE = 32 * 1024 * 1024;

/** How long the rest of a body may take to end, after the reader has all it wants, to keep the connection. */
const LINGER_MS = 100;

/**
 * The events of a response's body, as they come. Throws AgentError `provider_stream_broken` (retryable) when the body
 * stalls or breaks, and the signal's reason when the signal fires. An end in good order is just an end: whether the
 * provider was done, only the adapter can tell.
 */
export async function* readServerSentEvents(
  response: Response,
  { model, idleTimeoutMs, signal }: ReadOptions,
): AsyncGenerator<ServerSentEvent, void> {
  refuseWebPage(response, model);
  const reader = bodyOf(response, model).getReader();
  const body = new WatchedBody(reader, model, idleTimeoutMs);
  const stop = () => body.fail(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    yield* parse(body, model);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    // Not awaited: the reader has what it wants.
    void letGo(reader, signal.aborted ? 0 : LINGER_MS);
  }
}

async function* parse(body: WatchedBody, model: ModelRef): AsyncGenerator<ServerSentEvent, void> {
  const events: ServerSentEvent[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_SIZE,
    onEvent: ({ event, data }) => events.push(event === undefined ? { data } : { event, data }),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") {
        body.fail(streamBroken(model, `one event is larger than ${MAX_EVENT_SIZE} characters`));
      }
    },
  });
  // The decoder keeps the first bytes of a character until the rest has come.
  const decoder = new TextDecoder();
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* events.splice(0);
  }
  // Some servers leave out the blank line after the last event.
  parser.feed(`${decoder.decode()}\n\n`);
  yield* events;
}

/** Reads a body under the idle timer. Whoever calls `fail` ends it with that error, also in the midst of a read. */
class WatchedBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #model: ModelRef;
  readonly #idleTimeoutMs: number;
  #failure: { error: unknown } | undefined;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, model: ModelRef, idleTimeoutMs: number) {
    this.#reader = reader;
    this.#model = model;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** The next bytes; undefined at the end. */
  async read(): Promise<Uint8Array | undefined> {
    const timer = setTimeout(() => this.fail(this.#stalled()), this.#idleTimeoutMs);
    try {
      const { value } = await this.#reader.read();
      if (this.#failure) throw this.#failure.error;
      return value;
    } catch (error) {
      throw this.#failure ? this.#failure.error : streamBroken(this.#model, "the connection was lost", error);
    } finally {
      clearTimeout(timer);
    }
  }

  fail(reason: unknown): void {
    this.#failure ??= { error: reason };
    // Ends a pending read at once, as if the body had ended.
    this.#reader.cancel(reason).catch(() => {});
  }

  #stalled(): AgentError {
    return streamBroken(this.#model, `nothing came for ${this.#idleTimeoutMs / 1000} seconds`);
  }
}

/** A body read to its end gives its connection back; one that does not end soon is cut off. */
async function letGo(reader: ReadableStreamDefaultReader<Uint8Array>, withinMs: number): Promise<void> {
  const cancel = () => void reader.cancel().catch(() => {});
  if (withinMs === 0) return cancel();
  const timer = setTimeout(cancel, withinMs);
  try {
    while (!(await reader.read()).done);
  } catch {
    // A broken body is let go already.
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf(response: Response, model: ModelRef): ReadableStream<Uint8Array> {
  if (!response.body) throw streamBroken(model, "the answer has no body");
  return response.body;
}

/** A wrong base URL often leads to a web server that answers everything with status 200 and a page. */
function refuseWebPage(response: Response, model: ModelRef): void {
  if (!response.headers.get("content-type")?.includes("text/html")) return;
  void response.body?.cancel().catch(() => {});
  throw new AgentError(
    "provider_bad_request",
    `${model.provider} answered the request for ${model.name} with a web page instead of an event stream. Check the base URL.`,
    { retryable: false, details: { provider: model.provider, model: model.name } },
  );
}
