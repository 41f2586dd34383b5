import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/**
 * The body of a request that changes something: JSON text, which a page of another site cannot send without asking
 * first. Throws Refusal. What comes after the limit is thrown away as it arrives, so that the client can still read
 * the answer.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal({
      status: 415,
      code: "unsupported_media_type",
      message: `expected Content-Type: application/json, got ${type ?? "none"}`,
    });
  }
  const announced = Number(request.headers["content-length"] ?? 0);
  const body = announced > limit ? undefined : await collect(request, limit);
  if (body !== undefined) return body.toString();
  throw new Refusal({
    status: 413,
    code: "body_too_large",
    message: `expected a body of at most ${limit} bytes`,
  });
}

/** Undefined when there is more than the limit. */
function collect(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= limit) return;
    request.off("data", take).resume();
    resolve(undefined);
  };
  request.on("data", take).once("error", reject);
  request.once("end", () => resolve(Buffer.concat(chunks)));
  return promise;
}
