import { afterEach, describe, expect, it, vi } from "vitest";
import type { ModelDelta, ModelEvent } from "../contract/model.ts";
import {
  eventStream,
  startFakeProvider,
  type FakeAnswer,
  type FakeProvider,
} from "../testing/fake-provider.ts";
import { readEvents } from "./sse.ts";

const MODEL = { provider: "openai", name: "gpt-test" } as const;

let provider: FakeProvider | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await provider?.close();
  provider = undefined;
});

async function fetchFrom(answer: FakeAnswer): Promise<Response> {
  provider = await startFakeProvider(answer);
  return fetch(provider.url);
}

const asDelta = (delta: string): ModelDelta => ({ type: "delta", index: 0, kind: "text", delta });

/** The data of each event, in a delta. */
function read(response: Response, idleTimeoutMs = 15_000, signal = new AbortController().signal) {
  const reader = { take: (data: string) => [asDelta(data)] };
  return readEvents(response, reader, { model: MODEL, idleTimeoutMs, signal });
}

async function all(events: AsyncIterable<ModelEvent>): Promise<string[]> {
  const told: string[] = [];
  for await (const event of events) if (event.type === "delta") told.push(event.delta);
  return told;
}

function response(bytes: Uint8Array, chunkSize: number): Response {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, n) =>
    bytes.subarray(n * chunkSize, (n + 1) * chunkSize),
  );
  return new Response(ReadableStream.from(chunks));
}

describe("readEvents", () => {
  it.each([1, 2, 3, 5, 1000])(
    "puts characters and line ends together that were cut apart: %i",
    async (size) => {
      const text =
        'event: a\r\ndata: {"t":"Olá 👋 \u2028"}\r\n\r\n: a comment\r\n\r\ndata: one\ndata: two\n\ndata: 三\r\r';
      expect(await all(read(response(Buffer.from(text), size)))).toEqual([
        '{"t":"Olá 👋 \u2028"}',
        "one\ntwo",
        "三",
      ]);
    },
  );

  it("gives the last event also without a blank line after it", async () => {
    expect(await all(read(response(Buffer.from("data: one\n\ndata: [DONE]"), 4)))).toEqual(["one", "[DONE]"]);
  });

  it("gives an event before the next chunk has come", async () => {
    const events = read(await fetchFrom({ body: eventStream({ n: 1 }), ending: "stall" }));
    expect((await events.next()).value).toEqual(asDelta('{"n":1}'));
    await events.return();
    await provider?.abandoned();
  });

  it("names the seconds of a stall and closes the connection", async () => {
    const events = all(read(await fetchFrom({ body: eventStream("a"), ending: "stall" }), 250));
    await expect(events).rejects.toMatchObject({
      code: "provider_stream_broken",
      retryable: true,
      message: "The response stream of openai gpt-test broke: nothing came for 0.25 seconds.",
    });
    await provider?.abandoned();
  });

  it("does not count the time that its reader takes as a stall", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const events = read(response(Buffer.from("data: 1\n\ndata: 2\n\n"), 9), 1000);
    await events.next();
    vi.advanceTimersByTime(5000);
    expect(await events.next()).toEqual({ done: false, value: asDelta("2") });
    expect((await events.next()).done).toBe(true);
  });

  it("calls a lost connection broken", async () => {
    const events = all(read(await fetchFrom({ body: eventStream("a"), ending: "reset" })));
    await expect(events).rejects.toMatchObject({ code: "provider_stream_broken", retryable: true });
  });

  it("throws the reason of an abort, also while it waits, and closes the connection", async () => {
    const controller = new AbortController();
    const events = read(
      await fetchFrom({ body: eventStream("a"), ending: "stall" }),
      15_000,
      controller.signal,
    );
    await events.next();
    const next = events.next();
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await provider?.abandoned();
  });

  it("reads to its end what its reader leaves of a body, so that the connection can be used again", async () => {
    const ended = Promise.withResolvers<string>();
    const chunks = eventStream("a", "b", "[DONE]");
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk !== undefined) return controller.enqueue(Buffer.from(chunk));
        controller.close();
        ended.resolve("read to its end");
      },
      cancel: () => ended.resolve("cancelled"),
    });
    for await (const event of read(new Response(body))) {
      if (event.type === "delta" && event.delta === "b") break;
    }
    expect(await ended.promise).toBe("read to its end");
  });

  it("refuses an event that does not end", async () => {
    const huge = Buffer.alloc(33 * 1024 * 1024, "a");
    huge.write("data: ");
    await expect(all(read(response(huge, 1024 * 1024)))).rejects.toMatchObject({
      code: "provider_stream_broken",
      message: expect.stringContaining("larger than"),
    });
  });
});
