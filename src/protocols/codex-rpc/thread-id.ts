import type { SessionId } from "../../contract/log.ts";
import { invalidRequest } from "./frame.ts";

/** A session id as clients of Codex expect a thread's: a UUID with dashes. */
export function toThreadId(id: SessionId): string {
  return id.length === 32 ? id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") : id;
}

/** Reads a thread id with or without dashes. Throws RpcError. */
export function toSessionId(threadId: string): SessionId {
  const id = threadId.replaceAll("-", "").toLowerCase();
  if (/^[0-9a-f]{32,64}$/.test(id)) return id;
  throw invalidRequest(`invalid thread id: expected a UUID; came ${JSON.stringify(threadId.slice(0, 64))}`);
}
