import type { AuditFacts } from "../contract/audit.ts";
import type { ServerBody, ServerMessage } from "../contract/message.ts";
import type { Redacted, Redactor } from "../contract/redact.ts";
import { mintMessageId } from "./message-id.ts";

/** How much of a frame that was no message stands in the log, in characters. */
const REFUSED_FRAME_LIMIT = 4096;

/** A message, serialised once; one in which a secret stood is read back from what it became. */
export function toMessage(redactor: Redactor, body: ServerBody, id: string = mintMessageId()) {
  const message = { id, ...body } as ServerMessage;
  const { text: json, count: redactions } = redactor.json(JSON.stringify(message));
  return { message: redactions > 0 ? (JSON.parse(json) as ServerMessage) : message, json, redactions };
}

export const counted = (audit: AuditFacts | undefined, redactions: number): AuditFacts | undefined =>
  redactions > 0 ? { ...audit, redactions } : audit;

/** The beginning of a frame. Where that is not the whole of it, what could be the beginning of a secret is left out. */
export function redactHead(redactor: Redactor, frame: string, isWhole: boolean): Redacted {
  const stream = redactor.stream();
  const head = stream.push(frame.slice(0, REFUSED_FRAME_LIMIT));
  if (!isWhole || frame.length > REFUSED_FRAME_LIMIT) return head;
  const rest = stream.flush();
  return { text: head.text + rest.text, count: head.count + rest.count };
}
