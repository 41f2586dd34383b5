import { z } from "zod";
import type { AuditFacts } from "../contract/audit.ts";
import type { Direction, LogLine, Seq } from "../contract/log.ts";

const EVENT_TYPES = {
  incoming: "websocket_message_received",
  outgoing: "websocket_message_sent",
} as const satisfies Record<Direction, LogLine["event_type"]>;

export const typeOfDirection = (direction: Direction): LogLine["event_type"] => EVENT_TYPES[direction];

export interface LineParts {
  /** ISO 8601; now when absent. */
  timestamp?: string;
  direction: Direction;
  /** One JSON value; it is spliced in, so that big numbers and repeated keys survive. */
  json: string;
  audit?: AuditFacts | undefined;
  seq: Seq;
}

const Line = z.object({
  timestamp: z.string(),
  event_type: z.enum(["websocket_message_received", "websocket_message_sent"]),
  direction: z.enum(["incoming", "outgoing"]),
  message_data: z.unknown(),
  audit: z.custom<AuditFacts>((value) => typeof value === "object" && value !== null).optional(),
  seq: z.int().nonnegative(),
});

/** Undefined for what is no line of a log. */
export function parseLine(text: string): LogLine | undefined {
  try {
    const { audit, ...line } = Line.parse(JSON.parse(text));
    return audit === undefined ? line : { ...line, audit };
  } catch {
    return undefined;
  }
}

/** A line's time, from its first bytes. */
export const timestampOf = (start: string): string | undefined => /^\{"timestamp":"([^"]+)"/.exec(start)?.[1];

export const SESSION_STARTED = '{"event":"session_started"}';
export const SESSION_ENDED = '{"event":"session_ended"}';

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const CONTROLS = new RegExp(CONTROL, "gu");

/**
 * JSON text that is safe to print, on one line. The characters below U+0020 stand between its tokens only, all others
 * of these within strings only.
 */
export function escapeControls(json: string): string {
  if (!CONTROL.test(json)) return json;
  return json.replace(CONTROLS, (character) =>
    character < " " ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

let millisecond = 0;
let written = "";

/** Many lines share a millisecond, and writing a date out costs as much as hashing one. */
export function timestampNow(): string {
  const now = Date.now();
  if (now !== millisecond) {
    millisecond = now;
    written = new Date(now).toISOString();
  }
  return written;
}
