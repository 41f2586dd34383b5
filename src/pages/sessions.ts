import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import type { LogLine, LogStore, Seq } from "../contract/log.ts";
import type { Page, PageAnswer } from "../contract/page.ts";

/** `GET /sessions`: `{"sessions": [SessionSummary, ...]}`, newest first. */
export const listSessions =
  (logs: LogStore): Page =>
  () =>
    Promise.resolve(json(inLargePieces(sessionPieces(logs))));

/** `GET /sessions/{session_id}`: its SessionSummary. */
export const showSession =
  (logs: LogStore): Page =>
  async ({ params: { session_id = "" } }) => {
    const summary = await logs.summary(session_id);
    if (summary === undefined) throw unknownSession(session_id);
    return json(JSON.stringify(summary));
  };

/**
 * `GET /sessions/{session_id}/events`: `{"events": [LogLine, ...], "next_after"}`, oldest first. `next_after` is what to
 * pass as `after` for the lines that follow; null when there were no more.
 */
export const showEvents =
  (logs: LogStore): Page =>
  ({ params: { session_id = "" }, query }) => {
    const wanted = readQuery(query);
    return Promise.resolve(json(inLargePieces(eventPieces(logs, session_id, wanted))));
  };

const json = (body: PageAnswer["body"]): PageAnswer => ({ status: 200, body });

const MAX_LIMIT = 10_000;

const number = (expected: string, min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);

const EventQuery = z.object({
  after: number("expected a seq, or -1 for all", -1, Number.MAX_SAFE_INTEGER).default(-1),
  limit: number(`expected a number from 1 to ${MAX_LIMIT}`, 1, MAX_LIMIT).default(1000),
  /** A message's `type`; for the session's own events their name. */
  type: z.string().optional(),
  direction: z.enum(["incoming", "outgoing"], "expected incoming or outgoing").optional(),
});
type EventQuery = z.infer<typeof EventQuery>;

function readQuery(query: URLSearchParams): EventQuery {
  const read = EventQuery.safeParse(Object.fromEntries(query));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => {
    const name = path.join(".");
    return `${name}: ${message}, got ${JSON.stringify(query.get(name)?.slice(0, 64))}`;
  });
  throw new AgentError("invalid_message", problems.join("; "));
}

async function* sessionPieces(logs: LogStore): AsyncGenerator<string> {
  yield '{"sessions":[';
  let separator = "";
  for await (const summary of logs.list()) {
    yield separator + JSON.stringify(summary);
    separator = ",";
  }
  yield "]}";
}

async function* eventPieces(logs: LogStore, id: string, wanted: EventQuery): AsyncGenerator<string> {
  yield '{"events":[';
  let count = 0;
  let last: Seq | undefined;
  let next: Seq | undefined;
  for await (const line of logs.read(id, wanted.after, Infinity)) {
    if (!isWanted(line, wanted)) continue;
    if (count === wanted.limit) {
      next = last;
      break;
    }
    yield (count === 0 ? "" : ",") + JSON.stringify(line);
    count += 1;
    last = line.seq;
  }
  yield `],"next_after":${next ?? null}}`;
}

function isWanted(line: LogLine, { type, direction }: EventQuery): boolean {
  if (direction !== undefined && line.direction !== direction) return false;
  return type === undefined || typeOf(line.message_data) === type;
}

const Typed = z.union([
  z.object({ type: z.string() }).transform(({ type }) => type),
  z.object({ event: z.string() }).transform(({ event }) => event),
]);

const typeOf = (message: unknown): string | undefined => Typed.safeParse(message).data;

const PIECE_LENGTH = 16 * 1024;

/** Fewer and larger writes. What fails before the first of them is answered by an error of its own. */
async function* inLargePieces(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting = "";
  for await (const piece of pieces) {
    waiting += piece;
    if (waiting.length < PIECE_LENGTH) continue;
    yield waiting;
    waiting = "";
  }
  yield waiting;
}

const unknownSession = (id: string) => new AgentError("unknown_session", `there is no session ${id}`);
