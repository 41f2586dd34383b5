import { z } from "zod";
import { SESSION_ID } from "../example-values.ts";
import { type Answer, type Chapter, json, nothing, type Operation } from "./operation.ts";

/** What clients of other doors send, as their protocols read it. */
export interface DoorSchemas {
  /** A frame of `POST /agent/stream`. */
  agentStream: z.ZodType;
  /** The body of `POST /messages`. */
  messages: z.ZodType;
  /** The bodies of `POST /api/stream/investigate` and of its `/send`. */
  investigate: z.ZodType;
  investigateSend: z.ZodType;
}

const events = (description: string): Answer => ({
  description,
  content: { "text/event-stream": { schema: z.string() } },
  headers: { "X-Session-Id": "The session's id." },
});

const OK = json("It was taken.", z.object({ ok: z.literal(true) }), { ok: true });
const BAD = nothing("Something else was expected: the error says what.");
const CONFLICT = nothing("It cannot be done now.");

const INVESTIGATION = `Events: \`connection_ack\`, \`ai_message_delta\`, \`ai_message\`, \`start_tool_calling\`, \
\`tool_output_delta\`, \`tool_calling_result\`, \`approval_required\`, \`approval_resolved\`, \`token_count\`, \
\`ai_answer_end\` (the end of a turn), \`error\`. \`id\` is the line of the log.`;

const CODEX_EVENTS = `Events, as \`{id, msg: {type, ...}}\` and named after their type: \`session_configured\`, \
\`task_started\`, \`agent_message_delta\`, \`agent_message\`, \`agent_reasoning\`, \`exec_command_begin\`, \
\`exec_command_output_delta\`, \`exec_command_end\`, \`patch_apply_begin\`, \`patch_apply_end\`, \
\`exec_approval_request\`, \`apply_patch_approval_request\`, \`token_count\`, \`error\`, and at the end \
\`task_complete\` or \`turn_aborted\`.`;

const INVESTIGATE_PATH = "/api/stream/investigate";

const once = z.enum(["true", "false"]).optional().describe("`true`: the stream ends after the first turn.");
const LAST_EVENT_ID = z.object({
  "Last-Event-ID": z
    .string()
    .optional()
    .describe("With the same `connectionId`: what was missed comes first."),
});

const investigation: Pick<Operation, "path" | "headers" | "answers"> = {
  path: INVESTIGATE_PATH,
  headers: LAST_EVENT_ID,
  answers: {
    200: events(INVESTIGATION),
    400: BAD,
    404: nothing("There is no connection of this name to come back to."),
    409: nothing("Somebody is connected by this name."),
  },
};

/** The doors that need no WebSocket. */
export const doors = (schemas: DoorSchemas): Chapter => ({
  name: "Other doors",
  description: "The same sessions, in the words of other protocols.",
  operations: [
    {
      ...investigation,
      method: "get",
      id: "investigate",
      summary: "Begin an investigation, or come back to one",
      query: z.object({
        connectionId: z
          .string()
          .regex(/^[\w-]{1,128}$/)
          .optional()
          .describe("The client's own name, or a session's id; the new session's id when absent."),
        text: z.string().min(1).optional().describe("What to look into."),
        model: z.string().min(1).optional(),
        once,
      }),
    },
    {
      ...investigation,
      method: "post",
      id: "investigateAlert",
      summary: "Begin an investigation of an alert, or come back to one",
      description: "The payload may also stand beside the other fields.",
      query: z.object({ once }),
      body: {
        content: { "application/json": schemas.investigate },
        optional: true,
        examples: [
          { text: "why is the disk full?" },
          {
            connectionId: "disk-web-1",
            payload: {
              source: "prometheus",
              title: "Disk almost full",
              subject: { host: "web-1" },
              context: { start_time: "2026-01-01T00:00:00Z" },
            },
          },
        ],
      },
    },
    {
      method: "post",
      path: `${INVESTIGATE_PATH}/send`,
      id: "sendToInvestigation",
      summary: "Say more to an open stream, answer its approvals, or cancel its turn",
      body: {
        content: { "application/json": schemas.investigateSend },
        examples: [
          { connectionId: "disk-web-1", payload: { text: "Look at /var first" } },
          {
            connectionId: "disk-web-1",
            payload: { approval: { tool_call_id: "call_1", decision: "decline", message: "not there" } },
          },
          { connectionId: "disk-web-1", payload: { cancel: true } },
        ],
      },
      answers: { 200: OK, 400: BAD, 404: nothing("There is no such connection."), 409: CONFLICT },
    },
    {
      method: "post",
      path: "/messages",
      id: "messages",
      summary: "One conversation as Codex events; or an answer to the approval that it waits for",
      body: {
        content: { "application/json": schemas.messages },
        examples: [
          { type: "user_message", message: "run the tests", work_dir: "project", id: "request-7" },
          { type: "user_confirm", id: SESSION_ID },
          { type: "user_edit", id: SESSION_ID, message: "use the other folder" },
        ],
      },
      answers: {
        200: {
          ...events(CODEX_EVENTS),
          content: {
            "text/event-stream": { schema: z.string() },
            "application/json": { schema: z.object({ ok: z.literal(true) }), example: { ok: true } },
          },
        },
        400: BAD,
        404: nothing("There is no conversation that could be answered."),
        409: nothing("The conversation does not wait for an answer."),
      },
    },
    {
      method: "post",
      path: "/agent/stream",
      id: "agentStream",
      summary: "One long stream of frames in both directions",
      description:
        "By HTTP/2. The frames of the request and of the answer stand one a line, or each after its length in bytes as a " +
        "big-endian number of 32 bits.",
      body: {
        content: {
          "application/x-ndjson": schemas.agentStream,
          "application/length-prefixed-json": schemas.agentStream,
        },
        examples: [
          {
            type: "user_message",
            sessionId: "repo-42",
            content: "run the tests",
            configOverrides: { approvalPolicy: "suggest", stream: true },
          },
          { type: "approve", sessionId: "repo-42", commandId: "019a", decision: "allow" },
          { type: "cancel", sessionId: "repo-42" },
          { type: "heartbeat" },
        ],
      },
      answers: {
        200: {
          description:
            "Frames `item`, `command_prompt`, `status`, `error`, `heartbeat`, and at the end `terminate`.",
          content: {
            "application/x-ndjson": { schema: z.string() },
            "application/length-prefixed-json": { schema: z.string() },
          },
        },
        426: nothing("It came by HTTP/1.1."),
      },
    },
  ],
});
