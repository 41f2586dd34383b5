import { z } from "zod";
import { AuditFacts } from "./audit.ts";
import { ApprovalRequest, Review } from "./message.ts";
import { TokenUsage } from "./model.ts";

/** What is told of sessions and their logs. */

const SessionId = z.string().describe("32 to 64 of 0-9 and a-f.");
export type SessionId = z.infer<typeof SessionId>;

/** A line's number in its session's log, from 0. */
const Seq = z.number().describe("The line's number in its session's log, from 0.");
export type Seq = z.infer<typeof Seq>;

const Direction = z.enum(["incoming", "outgoing"]);
export type Direction = z.infer<typeof Direction>;

const time = z.string().describe("ISO 8601, in UTC.");

/** One line of a session's log, parsed. */
export const LogLine = z
  .object({
    timestamp: time,
    event_type: z.enum(["websocket_message_received", "websocket_message_sent"]),
    direction: Direction,
    message_data: z
      .unknown()
      .describe(
        "The message itself; `{event, ...}` where the log speaks of itself; a text where a frame was refused.",
      ),
    audit: AuditFacts.exactOptional(),
    seq: Seq,
  })
  .meta({ id: "LogLine", description: "One line of a session's log." });
export type LogLine = z.infer<typeof LogLine>;

/** What a log says of itself, as the `message_data` of a line. */
export const LogEvent = z
  .discriminatedUnion("event", [
    z.object({ event: z.literal("session_started") }),
    z.object({ event: z.literal("session_ended") }),
    z.object({
      event: z.literal("session_recovered"),
      torn_bytes: z.number().describe("Of half a line, which a crash had left."),
      unsigned_lines: z.number(),
    }),
    z.object({ event: z.literal("erased"), reason: z.string(), erased_at: time }),
  ])
  .meta({ id: "LogEvent", description: "What a log says of itself." });

export const SessionSummary = z.object({
  session_id: SessionId,
  start_time: time,
  last_activity: time,
  event_count: z.number().describe("Lines of its log."),
  state: z.enum(["active", "ended", "archived"]).describe("Archived logs have ended too."),
});
export type SessionSummary = z.infer<typeof SessionSummary>;

/** A session as a listing tells it: what its log knows of itself, and what the lines come to. */
export const SessionListing = SessionSummary.extend({
  legal_hold: z.boolean(),
  title: z
    .string()
    .nullable()
    .describe("The first words of the user, or the name that the session was given."),
  model: z.string().nullable().describe("The newest model; null while no client has been told of one."),
  provider: z.string().nullable(),
  turns: z.number(),
  approvals: z.number().describe("How many approvals were asked for."),
  tokens: TokenUsage,
  cost: z.number().nullable().describe("US dollars; null when the price of a response is not known."),
}).meta({ id: "SessionListing", description: "A session: what its log knows of itself." });
export type SessionListing = z.infer<typeof SessionListing>;

const NextCursor = z.string().nullable().describe("For the page after it; null on the last one.");

export const SessionPage = z
  .object({
    sessions: z.array(SessionListing),
    next_cursor: NextCursor,
    total: z.number().describe("Of all pages together."),
  })
  .meta({ id: "SessionPage", description: "A page of the listing." });
export type SessionPage = z.infer<typeof SessionPage>;

/** A line of some session that contains the words. */
export const SearchHit = z
  .object({
    session_id: SessionId,
    title: z.string().nullable(),
    seq: Seq,
    timestamp: time,
    direction: Direction,
    type: z.string().describe("The message's type."),
    snippet: z.string().describe("The text around the words, on one line."),
  })
  .meta({ id: "SearchHit", description: "A line of some session that contains the words." });
export type SearchHit = z.infer<typeof SearchHit>;

export const SearchPage = z
  .object({ events: z.array(SearchHit), next_cursor: NextCursor })
  .meta({ id: "SearchPage", description: "A page of what was found." });
export type SearchPage = z.infer<typeof SearchPage>;

/** One request for approval and what became of it; `review` is null while it is open. */
export const ApprovalRecord = ApprovalRequest.pick({
  tool: true,
  command: true,
  cwd: true,
  reason: true,
  risk: true,
})
  .extend({
    request_id: z.string(),
    seq: Seq.describe("The line of the request."),
    decided_seq: Seq.nullable().describe("The line of the decision."),
    requested_at: time,
    decided_at: time.nullable(),
    review: Review.nullable().describe("null while it is open."),
    decided_by: z.enum(["client", "policy", "timeout", "cancel"]).nullable(),
    client: z.string().nullable(),
    latency_ms: z.number().nullable(),
    files: z.array(z.string()),
    scope: z.string().nullable().describe("What ALWAYS covers."),
    patch_edited: z.boolean(),
  })
  .meta({ id: "ApprovalRecord", description: "One request for approval and what became of it." });
export type ApprovalRecord = z.infer<typeof ApprovalRecord>;

const ProblemKind = z.enum([
  "edited",
  "missing",
  "added",
  // It stands after a line that it came before.
  "swapped",
  // The end is gone: the log was signed when it was longer.
  "tail_cut",
  // Half a line stands at the end.
  "torn",
  // The chain fits itself and not what was signed: somebody without the key has computed it anew.
  "rehashed",
  "unsigned",
  "wrong_key",
  "file_gone",
  // The server's own log does not know what the session's says.
  "unrecorded",
]);

/** One way in which a log is not what was written. */
export const LogProblem = z
  .object({
    kind: ProblemKind,
    seq: Seq.exactOptional().describe("The first line that is meant."),
    detail: z.string().describe("For a person."),
  })
  .meta({ id: "LogProblem", description: "One way in which a log is not what was written." });
export type LogProblem = z.infer<typeof LogProblem>;

/** What became of a log, line by line. */
export const VerifyReport = z
  .object({
    session_id: SessionId.describe("`server` for the server's own log."),
    ok: z.boolean(),
    state: z.enum(["active", "ended"]).describe("`active` until its last line says that it has ended."),
    lines: z.number(),
    signed_lines: z
      .number()
      .describe(
        "How many of the lines a signature vouches for; of an active session the newest may wait for theirs.",
      ),
    problems: z.array(LogProblem).describe("The first thousand."),
    erased: z
      .array(z.object({ seq: Seq, reason: z.string() }))
      .describe("Lines whose content was taken out, as the server's log says too."),
  })
  .meta({ id: "VerifyReport", description: "What became of a log, line by line." });
export type VerifyReport = z.infer<typeof VerifyReport>;
