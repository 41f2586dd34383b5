import { z } from "zod";
import type { AuditFacts } from "../contract/agent.ts";
import type { Direction, LogLine, Seq } from "../contract/log.ts";

const EVENT_TYPES = {
  incoming: "websocket_message_received",
  outgoing: "websocket_message_sent",
} as const satisfies Record<Direction, LogLine["event_type"]>;

export interface LineParts {
  /** ISO 8601. */
  timestamp: string;
  direction: Direction;
  /** One JSON value; it is spliced in, so that big numbers and repeated keys survive. */
  json: string;
  audit?: AuditFacts | undefined;
  seq: Seq;
}

/** A line of a session's log, without its line break. Safe to print: no control character stands in it. */
export function formatLine({ timestamp, direction, json, audit, seq }: LineParts): string {
  const facts = audit === undefined ? "" : `,"audit":${JSON.stringify(audit)}`;
  return escapeControls(
    `{"timestamp":"${timestamp}","event_type":"${EVENT_TYPES[direction]}","direction":"${direction}",` +
      `"message_data":${json}${facts},"seq":${seq}}`,
  );
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

/** A line's number without parsing the line. It is the last field of that name: nothing of a client's follows it. */
export function seqOf(line: Buffer): Seq | undefined {
  const start = line.lastIndexOf('"seq":');
  const digits = start < 0 ? undefined : /^\d+/.exec(line.toString("latin1", start + 6, start + 22))?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** A line's time, from its first bytes. */
export const timestampOf = (start: string): string | undefined => /^\{"timestamp":"([^"]+)"/.exec(start)?.[1];

export const SESSION_STARTED = '{"event":"session_started"}';
export const SESSION_ENDED = '{"event":"session_ended"}';

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const CONTROLS = new RegExp(CONTROL, "gu");

/** In JSON text the characters below U+0020 stand between tokens only, all others of these within strings only. */
function escapeControls(line: string): string {
  if (!CONTROL.test(line)) return line;
  return line.replace(CONTROLS, (character) =>
    character < " " ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
