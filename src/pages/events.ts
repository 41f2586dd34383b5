import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import type { AuditStore, LogLine, Records, Seq } from "../contract/log.ts";
import type { EventPage, StreamEvent } from "../contract/page.ts";
import { inLargePieces, json } from "./pieces.ts";
import { pulled } from "./pulled.ts";
import { number, readQuery } from "./query.ts";
import { record } from "./record.ts";

const MAX_LIMIT = 10_000;

export const EventQuery = z.strictObject({
  after: number("expected a seq, or -1 for all", -1, Number.MAX_SAFE_INTEGER).default(-1),
  limit: number(`expected a number from 1 to ${MAX_LIMIT}`, 1, MAX_LIMIT).optional(),
  /** A message's `type`; for the session's own events their name. */
  type: z.string().optional(),
  direction: z.enum(["incoming", "outgoing"], "expected incoming or outgoing").optional(),
});
type EventQuery = z.infer<typeof EventQuery>;

const DEFAULT_LIMIT = 1000;

/**
 * `GET /sessions/{session_id}/events`: `{"events": [LogLine, ...], "next_after"}`, oldest first. `next_after` is what to
 * pass as `after` for the lines that follow; null when there were no more. Where the client accepts
 * `text/event-stream`: the lines as events, and new ones as they are written.
 */
export const showEvents =
  ({ records, recordRead }: AuditStore): EventPage =>
  async (request) => {
    const { session_id: id = "" } = request.params;
    const wanted = readQuery(EventQuery, request.query);
    const streams = acceptsEvents(request.headers["accept"]);
    if (streams && wanted.limit !== undefined) {
      throw new AgentError("invalid_message", "limit: expected none for a stream, which has no end");
    }
    const summary = await records.summary(id);
    if (summary === undefined) throw new AgentError("unknown_session", `there is no session ${id}`);
    record(recordRead, streams ? "tail" : "events", request);
    if (!streams) return json(inLargePieces(eventPieces(records, id, wanted)));
    const lastId = request.headers["last-event-id"];
    return pulled((gone) => tail(records, id, { wanted, lastId, gone }));
  };

const acceptsEvents = (accept = ""): boolean =>
  accept.split(",").some((type) => /^\s*text\/event-stream\s*(;|$)/i.test(type));

async function* eventPieces(records: Records, id: string, wanted: EventQuery): AsyncGenerator<string> {
  yield '{"events":[';
  let count = 0;
  let last: Seq | undefined;
  let next: Seq | undefined;
  for await (const line of records.read(id, wanted.after, Infinity)) {
    if (!isWanted(line, wanted)) continue;
    if (count === (wanted.limit ?? DEFAULT_LIMIT)) {
      next = last;
      break;
    }
    yield (count === 0 ? "" : ",") + JSON.stringify(line);
    count += 1;
    last = line.seq;
  }
  yield `],"next_after":${next ?? null}}`;
}

interface Tail {
  wanted: EventQuery;
  /** The last event that the client has. */
  lastId: string | undefined;
  gone: AbortSignal;
}

/** Each line is an event with its number as id. `gap`: lines are missing between two numbers, or are no more there. */
async function* tail(
  records: Records,
  id: string,
  { wanted, lastId, gone }: Tail,
): AsyncGenerator<StreamEvent> {
  let last = wanted.after;
  if (lastId !== undefined && /^\d{1,15}$/.test(lastId)) last = Number(lastId);
  else if (lastId !== undefined) yield gap(lastId.slice(0, 64), last + 1);
  const head = ((await records.summary(id))?.event_count ?? 0) - 1;
  if (last > head) {
    yield gap(last, head + 1);
    last = head;
  }
  for await (const line of records.follow(id, last, gone)) {
    if (line.seq !== last + 1) yield gap(last, line.seq);
    last = line.seq;
    if (isWanted(line, wanted)) yield { id: String(line.seq), data: JSON.stringify(line) };
  }
}

/** `after`: what the client has; `next`: the line that comes now. */
const gap = (after: Seq | string, next: Seq): StreamEvent => ({
  event: "gap",
  data: JSON.stringify({ after, next }),
});

function isWanted(line: LogLine, { type, direction }: EventQuery): boolean {
  if (direction !== undefined && line.direction !== direction) return false;
  return type === undefined || Typed.safeParse(line.message_data).data === type;
}

const Typed = z.union([
  z.object({ type: z.string() }).transform(({ type }) => type),
  z.object({ event: z.string() }).transform(({ event }) => event),
]);
