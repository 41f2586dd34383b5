import type { Address } from "./address.ts";
import { ConnectionError } from "./connection-error.ts";

interface Refused {
  address: Address;
  token: string | undefined;
  sessionId: string | undefined;
}

const ANSWER_MS = 5_000;

/** A WebSocket that does not open says nothing of why: a plain request to the same place is told. */
export async function explainRefusal({ address, token, sessionId }: Refused): Promise<ConnectionError> {
  const ask = (path: string) => askPage(address.page(path), token);
  const answer = await ask("/ws");
  if (answer instanceof Error) return unreachable(address, answer);
  if (answer.status !== UPGRADE_REQUIRED) return answer.refusal;
  const session = sessionId === undefined ? undefined : await ask(`/sessions/${sessionId}`);
  if (session && !(session instanceof Error) && session.status === 404) return session.refusal;
  return new ConnectionError({
    code: "refused",
    message: `${address.origin} opens no session: it may know no such model, or have too many sessions or clients`,
    retryable: sessionId !== undefined,
  });
}

/** What the server answers to a plain request where it takes WebSockets. */
const UPGRADE_REQUIRED = 426;

/** Asks the server for a page, as this client. */
export async function fetchPage(url: URL, token: string | undefined): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
}

async function askPage(url: URL, token: string | undefined) {
  try {
    const answer = await fetchPage(url, token);
    const told = (await answer.json().catch(() => undefined)) as ErrorAnswer | undefined;
    return { status: answer.status, refusal: refusal(url, answer.status, told?.error) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface ErrorAnswer {
  error?: { code?: unknown; message?: unknown };
}

function refusal(url: URL, status: number, error: ErrorAnswer["error"]): ConnectionError {
  const { code, message } = error ?? {};
  const isOurs = typeof code === "string" && typeof message === "string";
  // A proxy whose server is away answers in its place.
  const retryable = status >= 500 || status === 429;
  if (isOurs)
    return new ConnectionError({ code, message: `${url.href} answered ${status}: ${message}`, retryable });
  const text = `expected an AgentLoop server at ${url.href}, which answered ${status}`;
  return new ConnectionError({ code: "not_agentloop", message: text, retryable });
}

function unreachable({ origin }: Address, { message, cause }: Error): ConnectionError {
  const why = cause instanceof Error && cause.message !== "" ? cause.message : message;
  // A browser does not let a page know that its origin was refused.
  const hint = "document" in globalThis ? ", and is this page's origin in its ALLOWED_ORIGINS" : "";
  const text = `cannot talk to ${origin}: ${why}. Is the server running${hint}?`;
  return new ConnectionError({ code: "unreachable", message: text, retryable: true });
}
