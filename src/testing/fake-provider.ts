import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One answer of a fake provider. */
export interface FakeAnswer {
  status?: number;
  /** An event stream unless said otherwise. */
  headers?: Record<string, string>;
  /** Sent one after the other, each as a chunk of its own. */
  body?: readonly (string | Uint8Array)[];
  /**
   * `end`: in good order (default). `reset`: the connection breaks after the body. `stall`: silence after the body,
   * until the client goes away. `silence`: not even a status line.
   */
  ending?: "end" | "reset" | "stall" | "silence";
}

interface FakeRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

export interface FakeProvider {
  url: string;
  /** Since the start, or since `script` was called. */
  requests: FakeRequest[];
  /** From now on these answers, in order and the last one again and again. */
  script(...answers: FakeAnswer[]): void;
  /** Resolves as soon as so many requests have come in whole. */
  received(count: number): Promise<void>;
  /** Resolves as soon as the client has left an answer before its end. */
  abandoned(): Promise<void>;
  close(): Promise<void>;
}

/** The body of an event stream: each event as a chunk. Strings go out as they are (`[DONE]`). */
export function eventStream(...events: (object | string)[]): string[] {
  return events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`);
}

/** A provider on 127.0.0.1 that gives the answers in order and the last one again and again. */
export async function startFakeProvider(...first: FakeAnswer[]): Promise<FakeProvider> {
  let answers = first;
  const requests: FakeRequest[] = [];
  let abandoned = Promise.withResolvers<void>();
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { resolve: abandon } = abandoned;
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? {};
    const text = Buffer.concat(chunks).toString("utf8");
    requests.push({
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: parseBody(incoming.headers["content-type"], text),
    });
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) abandon();
    });
    server.emit("received");
    await give(answer, outgoing);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    script: (...next) => {
      answers = next;
      requests.length = 0;
      abandoned = Promise.withResolvers();
    },
    received: async (count) => {
      while (requests.length < count) await once(server, "received");
    },
    abandoned: () => abandoned.promise,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function parseBody(contentType: string | undefined, text: string): Record<string, unknown> {
  if (text === "") return {};
  if (contentType?.includes("x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(text));
  return JSON.parse(text);
}

async function give(answer: FakeAnswer, outgoing: ServerResponse): Promise<void> {
  if (answer.ending === "silence") return;
  outgoing.writeHead(answer.status ?? 200, { "content-type": "text/event-stream", ...answer.headers });
  outgoing.flushHeaders();
  for (const chunk of answer.body ?? []) {
    await new Promise((resolve) => {
      outgoing.write(chunk, resolve);
    });
  }
  if (answer.ending === "stall") return;
  if (answer.ending === "reset") outgoing.socket?.resetAndDestroy();
  else outgoing.end();
}
