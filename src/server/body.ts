import { requestTimeout } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { Refusal } from "./refusal.ts";

/**
 * The body of a request that changes something: JSON text, which a page of another site cannot send without asking
 * first. Throws Refusal. What comes after the limit is thrown away as it arrives, so that the client can still read
 * the answer.
 */
export async function readBody(
  { method, headers, body }: Exchange,
  limits: { bodyBytes: number; requestMs: number },
): Promise<string> {
  // Neither of them can come from another site's page unasked, with a body or without.
  if ((method === "PUT" || method === "DELETE") && isEmpty(headers)) return "";
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new Refusal({
      status: 415,
      code: "unsupported_media_type",
      message: `expected Content-Type: application/json, got ${type ?? "none"}`,
    });
  }
  const announced = Number(headers["content-length"] ?? 0);
  const whole = announced > limits.bodyBytes ? undefined : await collect(body, limits);
  if (whole !== undefined) return whole.toString();
  throw new Refusal({
    status: 413,
    code: "body_too_large",
    message: `expected a body of at most ${limits.bodyBytes} bytes`,
  });
}

/** Undefined when there is more than the limit. */
async function collect(
  body: Exchange["body"],
  { bodyBytes, requestMs }: { bodyBytes: number; requestMs: number },
): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bodyBytes) resolve(undefined);
  };
  // Not every connection has node:http's own deadline.
  const late = setTimeout(() => reject(requestTimeout()), requestMs);
  body.on("data", take).once("error", reject);
  body.once("end", () => resolve(Buffer.concat(chunks)));
  body.once("close", () =>
    reject(new Refusal({ status: 400, code: "aborted", message: "the body was cut off" })),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    body.off("data", take).resume();
  }
}

const isEmpty = (headers: Exchange["headers"]): boolean =>
  headers["content-type"] === undefined &&
  headers["transfer-encoding"] === undefined &&
  Number(headers["content-length"] ?? 0) === 0;
