import { z } from "zod";
import { EXPORT_FORMATS, SESSION_SORTS } from "../../contract/log.ts";
import { ApprovalPolicy, ServerMessage } from "../../contract/message.ts";
import {
  ApprovalRecord,
  LogLine,
  SearchPage,
  SessionListing,
  SessionPage,
  SessionSummary,
  VerifyReport,
} from "../../contract/record.ts";
import { SESSION_ID, SESSION_INFO, SESSION_LISTING, TIME } from "../example-values.ts";
import { type Answer, type Chapter, json, nothing } from "./operation.ts";

const SessionInfo = ServerMessage.options.find(({ shape }) => shape.type.value === "session_info")!.shape
  .payload;

const text = z.string();
const limit = (most: number) => z.int().min(1).max(most);
const cursor = z.string().describe("`next_cursor` of the page before; with `limit`.");
const q = z
  .string()
  .min(1)
  .max(1000)
  .describe('Words that one message contains, all of them; `"several words"` in a row.');
const time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

const ListQuery = z.object({
  limit: limit(1000).optional().describe("Sessions of one page. Without it: all of them."),
  cursor: cursor.optional(),
  state: SessionSummary.shape.state.optional().describe("Without it: all that are not archived."),
  model: z.string().min(1).optional(),
  since: time.optional().describe("Began at or after."),
  until: time.optional().describe("Began before."),
  q: q.optional(),
  sort: z.enum(SESSION_SORTS).optional().describe("Without it: `newest`."),
});

const EventQuery = z.object({
  after: z.int().min(-1).optional().describe("Lines after this `seq`; -1, or nothing: all."),
  limit: limit(10_000).optional().describe("Without it: 1000. None for a stream, which has no end."),
  type: z.string().optional().describe("A message's `type`; for the log's own lines their `event`."),
  direction: LogLine.shape.direction.optional(),
});

const LAST_EVENT_ID = z.object({
  "Last-Event-ID": z.string().optional().describe("The last event that the client has: goes on after it."),
});

const SessionDetail = SessionListing.extend({ approval_requests: z.array(ApprovalRecord) }).meta({
  id: "SessionDetail",
  description: "A session with its requests for approval.",
});

const UNKNOWN_SESSION = nothing("There is no such session.");

const attachment = (...types: string[]): Answer => ({
  description: "To be saved, not shown.",
  content: Object.fromEntries(types.map((type) => [type, { schema: text }])),
});

export const RECORD: Chapter = {
  name: "The record",
  description: "The sessions and their logs. Who reads them stands in the server's own log.",
  operations: [
    {
      method: "get",
      path: "/sessions",
      id: "listSessions",
      summary: "The sessions, newest first",
      description: "Without `limit` all of them, and no `next_cursor` and `total`.",
      query: ListQuery,
      answers: {
        200: json("The listing.", SessionPage.partial({ next_cursor: true, total: true }), {
          sessions: [SESSION_LISTING],
          next_cursor: null,
          total: 1,
        }),
      },
    },
    {
      method: "post",
      path: "/sessions",
      id: "createSession",
      summary: "Begin a session, to attach to",
      body: {
        content: {
          "application/json": z.object({
            model: z.string().min(1).optional(),
            approvalPolicy: ApprovalPolicy.optional().describe("Never wider than the server's own."),
          }),
        },
        examples: [{}, { model: "gpt-5.1", approvalPolicy: "auto-edit" }],
        optional: true,
      },
      answers: {
        201: {
          ...json("The session.", SessionInfo, SESSION_INFO),
          headers: { Location: "Where the session is told of." },
        },
      },
    },
    {
      method: "get",
      path: "/sessions/{session_id}",
      id: "showSession",
      summary: "One session, with its requests for approval",
      answers: {
        200: json("The session.", SessionDetail, { ...SESSION_LISTING, approval_requests: [] }),
        404: UNKNOWN_SESSION,
      },
    },
    {
      method: "delete",
      path: "/sessions/{session_id}",
      id: "archiveSession",
      summary: "Move a session to the archive",
      answers: {
        204: nothing("It is archived."),
        404: UNKNOWN_SESSION,
        409: nothing("It is active, or under legal hold."),
      },
    },
    {
      method: "get",
      path: "/sessions/{session_id}/events",
      id: "showEvents",
      summary: "The lines of a session's log, oldest first",
      description:
        "With `Accept: text/event-stream` the lines come as events (`id` is the line's `seq`, `data` a LogLine), and new " +
        "ones as they are written. An event `gap` `{after, next}` says that lines between two numbers are missing.",
      query: EventQuery,
      headers: LAST_EVENT_ID,
      answers: {
        200: {
          description:
            "The lines. `next_after` is the `after` for those that follow; null when there are no more.",
          content: {
            "application/json": {
              schema: z.object({ events: z.array(LogLine), next_after: z.number().nullable() }),
              example: {
                events: [
                  {
                    timestamp: TIME,
                    event_type: "websocket_message_received",
                    direction: "incoming",
                    message_data: { event: "session_started" },
                    seq: 0,
                  },
                ],
                next_after: null,
              },
            },
            "text/event-stream": { schema: text },
          },
        },
        404: UNKNOWN_SESSION,
      },
    },
    {
      method: "get",
      path: "/sessions/{session_id}/log",
      id: "downloadLog",
      summary: "The bytes of a session's log",
      query: z.object({ seq: z.int().min(0).optional().describe("Of this line alone.") }),
      answers: { 200: attachment("application/jsonl"), 404: UNKNOWN_SESSION },
    },
    {
      method: "get",
      path: "/sessions/{session_id}/export",
      id: "exportSession",
      summary: "A session in another form",
      description: "`ocsf`: events of the Open Cybersecurity Schema Framework, one a line.",
      query: z.object({ format: z.enum(EXPORT_FORMATS) }),
      answers: {
        200: attachment("application/jsonl", "text/csv", "text/markdown"),
        404: UNKNOWN_SESSION,
      },
    },
    {
      method: "get",
      path: "/sessions/{session_id}/verify",
      id: "verifySession",
      summary: "Whether a log is what was written",
      description: "Every line is computed anew. What nobody has signed is a problem, too.",
      answers: {
        200: json("What became of it.", VerifyReport, {
          session_id: SESSION_ID,
          ok: true,
          state: "ended",
          lines: 42,
          signed_lines: 42,
          problems: [],
          erased: [],
        }),
        404: UNKNOWN_SESSION,
      },
    },
    {
      method: "put",
      path: "/sessions/{session_id}/hold",
      id: "holdSession",
      summary: "Put a session under legal hold",
      description: "It is neither archived nor erased from then on.",
      answers: { 204: nothing("It is under hold."), 404: UNKNOWN_SESSION },
    },
    {
      method: "delete",
      path: "/sessions/{session_id}/hold",
      id: "releaseSession",
      summary: "Lift the legal hold",
      answers: { 204: nothing("It is not under hold."), 404: UNKNOWN_SESSION },
    },
    {
      method: "get",
      path: "/search",
      id: "searchRecord",
      summary: "Lines of all sessions that contain words",
      description: "The newest session first, in it the newest line.",
      query: z.object({
        q,
        limit: limit(200).optional().describe("Without it: 50."),
        cursor: cursor.optional(),
      }),
      answers: {
        200: json("What was found.", SearchPage, {
          events: [
            {
              session_id: SESSION_ID,
              title: "What is in this folder?",
              seq: 2,
              timestamp: TIME,
              direction: "incoming",
              type: "user_input",
              snippet: "What is in this folder?",
            },
          ],
          next_cursor: null,
        }),
      },
    },
    {
      method: "get",
      path: "/audit/key",
      id: "showSigningKey",
      summary: "The public key that the logs are signed with",
      answers: {
        200: {
          description: "`<name>+<key id>+<base64>`, as https://c2sp.org/signed-note has it.",
          content: { "text/plain": { schema: text } },
        },
        503: nothing("The logs live in memory and are not signed."),
      },
    },
  ],
};
