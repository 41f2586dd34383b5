import type { ServerMessage } from "../contract/message.ts";

/** A message to the server, with a new id. */
export function frameOf(type: string, payload: object | undefined): { id: string; frame: string } {
  const id = mintId();
  return { id, frame: JSON.stringify({ id, type, payload }) };
}

/** What a server sent, as far as it can be told from its envelope; undefined for what is no message. */
export function readFrame(frame: string): ServerMessage | undefined {
  try {
    const value = JSON.parse(frame) as Partial<ServerMessage> | null;
    const isMessage = typeof value?.type === "string" && typeof value.payload === "object" && value.payload;
    return isMessage ? (value as ServerMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** `crypto.randomUUID` is not there on pages without TLS. */
const mintId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
