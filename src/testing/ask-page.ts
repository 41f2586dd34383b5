import type { EventPage, PageAnswer } from "../contract/page.ts";

export interface PageQuestion {
  method?: string;
  session_id?: string;
  query?: Record<string, string> | string;
  headers?: Record<string, string>;
  body?: string;
}

/** Asks a page as the server would, for an answer that is no event stream. */
export async function askPage(
  page: EventPage,
  { method = "GET", session_id, query = {}, headers = {}, body = "" }: PageQuestion = {},
): Promise<PageAnswer> {
  const answer = await page({
    method,
    path: "/",
    params: session_id === undefined ? {} : { session_id },
    query: new URLSearchParams(query),
    headers,
    body,
    peer: "127.0.0.9",
  });
  if ("open" in answer) throw new Error("expected no event stream");
  return answer;
}

export async function textOfPage({ body }: PageAnswer): Promise<string> {
  if (typeof body === "string") return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

/** The JSON of a page that answers with `status`. */
export async function jsonOfPage<Value = unknown>(answer: Promise<PageAnswer>, status = 200): Promise<Value> {
  const given = await answer;
  if (given.status !== status)
    throw new Error(`expected ${status}, got ${given.status}: ${await textOfPage(given)}`);
  return JSON.parse(await textOfPage(given)) as Value;
}
