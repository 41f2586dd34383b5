import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { Readable } from "node:stream";

/** The bodies of good answers. */
const bodies = new WeakMap<Response, Readable>();

/**
 * A `fetch` for the SDKs that costs half as much a piece: the body of a good answer is no web stream, but what
 * `bodyStream` gives. It sends a text; redirects and all else are left to the runtime's own.
 */
export const fetchStream: typeof fetch = async (input, init) => {
  if (typeof init?.body !== "string" || input instanceof Request) return await fetch(input, init);
  const message = await send(new URL(input), { ...init, body: init.body });
  const { statusCode: status = 0 } = message;
  if (status >= 300 && status < 400) {
    message.destroy();
    return await fetch(input, init);
  }
  const headers = Object.entries(message.headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((value): [string, string] => [name, value]),
  );
  if (status < 200 || status >= 300) {
    return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, { status, headers });
  }
  const response = new Response(undefined, { status, headers });
  bodies.set(response, message);
  return response;
};

/** Undefined for an answer without a body. Whoever takes it must read or destroy it. */
export function bodyStream(response: Response): Readable | undefined {
  return bodies.get(response) ?? (response.body ? Readable.fromWeb(response.body) : undefined);
}

/** Rejects as `fetch` does. */
async function send(url: URL, init: RequestInit & { body: string }): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = (url.protocol === "https:" ? tlsRequest : plainRequest)(url, {
    method: init.method ?? "POST",
    headers: {
      ...Object.fromEntries(new Headers(init.headers)),
      "accept-encoding": "identity",
      "content-length": Buffer.byteLength(init.body),
    },
    ...(init.signal && { signal: init.signal }),
  });
  let isAnswered = false;
  asked.once("response", (message) => {
    isAnswered = true;
    // Whoever reads it is told as well; before that nobody listens.
    message.on("error", () => undefined);
    resolve(message);
  });
  asked.on("error", (error: NodeJS.ErrnoException) => {
    // The reader of the answer is told: nothing is asked for again here.
    if (isAnswered) return;
    // A connection that was kept may have been closed by the other side in the meantime.
    if (asked.reusedSocket && error.code === "ECONNRESET") resolve(send(url, init));
    else reject(init.signal?.aborted ? init.signal.reason : new TypeError("fetch failed", { cause: error }));
  });
  asked.end(init.body);
  return await promise;
}
