/** What is no text of anybody: names of things, ciphertexts, pictures. */
const LEFT_OUT = new Set([
  "id",
  "type",
  "kind",
  "role",
  "status",
  "callId",
  "call_id",
  "itemId",
  "requestId",
  "responseId",
  "previousResponseId",
  "session_id",
  "encrypted_content",
  "opaque",
  "image_url",
  "before_sha256",
  "expiresAt",
]);

/** JSON within JSON, as calls and their outputs carry it. */
const NESTED = new Set(["arguments", "output"]);

/** No message may hold up the others: what comes after it is in the log, but is not found. In characters. */
const MAX_LENGTH = 262_144;
const MAX_DEPTH = 32;

/**
 * The text of a message, one line or more for each string in it. Deltas have none: the finished item says it all
 * again.
 */
export function textOf(message: unknown): string {
  if (typeof message === "object" && message !== null && "type" in message) {
    if (message.type === "response_delta") return "";
    return "payload" in message ? stringsOf(message.payload) : "";
  }
  return typeof message === "string" ? message.slice(0, MAX_LENGTH) : "";
}

/** All strings in a value that somebody may have written. */
export function stringsOf(value: unknown): string {
  const texts: string[] = [];
  let left = MAX_LENGTH;
  const visit = (part: unknown, depth: number): void => {
    if (left <= 0 || depth > MAX_DEPTH) return;
    if (typeof part === "string") {
      if (part === "") return;
      const text = part.slice(0, left);
      left -= text.length;
      texts.push(text);
    } else if (Array.isArray(part)) {
      for (const entry of part) visit(entry, depth + 1);
    } else if (typeof part === "object" && part !== null) {
      for (const [key, entry] of Object.entries(part)) {
        if (!LEFT_OUT.has(key)) visit(NESTED.has(key) ? unpacked(entry) : entry, depth + 1);
      }
    }
  };
  visit(value, 0);
  return texts.join("\n").toWellFormed();
}

function unpacked(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("{")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
