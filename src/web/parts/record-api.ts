import { serverPath } from "./base-path.ts";

/** An answer of the server that is none. */
export class RecordError extends Error {
  override readonly name = "RecordError";
  /** The HTTP status; 0 where the server could not be reached. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Asks the server's record. Throws RecordError. */
export async function askRecord<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const response = await send(path, { headers: { Accept: "application/json" }, ...(signal && { signal }) });
  return (await response.json()) as Answer;
}

/** The answer's text. Throws RecordError. */
export async function readRecord(path: string, signal?: AbortSignal): Promise<string> {
  return await (await send(path, signal ? { signal } : {})).text();
}

/** Changes something. Throws RecordError. */
export async function changeRecord(method: "PUT" | "DELETE", path: string): Promise<void> {
  await send(path, { method, headers: { "Content-Type": "application/json" } });
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(serverPath(path), init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new RecordError(0, "unreachable", "The server cannot be reached. Is it running?");
  });
  if (response.ok) return response;
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } };
    throw new RecordError(response.status, error?.code ?? "", error?.message ?? text);
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError(
      response.status,
      "",
      text.slice(0, 500) || `The server answered ${response.status}.`,
    );
  }
}

export const toRecordError = (error: unknown): RecordError =>
  error instanceof RecordError
    ? error
    : new RecordError(0, "", error instanceof Error ? error.message : String(error));

/** Of a query: whether it may go better next time. */
export const shouldRetry = (failures: number, error: Error): boolean =>
  failures < 2 && toRecordError(error).status >= 500;

export const sessionPath = (id: string, rest = ""): string => `/sessions/${encodeURIComponent(id)}${rest}`;
