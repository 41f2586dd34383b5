import type { z } from "zod";
import type { ClientMessage, ServerMessage } from "../contract/message.ts";
import { SESSION_ID, SESSION_INFO, TIME, USAGE } from "./example-values.ts";

type Examples<Message extends { type: string }> = {
  [Type in Message["type"]]: readonly Extract<Message, { type: Type }>[];
};

/** Of every message that a client may send, by its type. */
export const CLIENT_EXAMPLES: Examples<z.input<typeof ClientMessage>> = {
  user_input: [
    { id: "1", type: "user_input", payload: { input: "What is in this folder?" } },
    {
      id: "2",
      type: "user_input",
      payload: {
        input: [
          { type: "input_text", text: "Build the page in this picture." },
          { type: "input_image", image_url: "https://example.com/page.png" },
        ],
        model: "gpt-5.1",
      },
    },
  ],
  approval_response: [
    { id: "3", type: "approval_response", payload: { review: "YES", requestId: "a4" } },
    {
      id: "4",
      type: "approval_response",
      payload: { review: "NO_CONTINUE", requestId: "a4", customDenyMessage: "Use the fixtures instead." },
    },
  ],
  cancel: [{ id: "5", type: "cancel" }],
  get_context_info: [{ id: "6", type: "get_context_info" }],
  manual_compact: [{ id: "7", type: "manual_compact" }],
};

/** Of every message that the server may send, by its type. */
export const SERVER_EXAMPLES: Examples<ServerMessage> = {
  response_item: [
    {
      id: "a2",
      type: "response_item",
      payload: {
        type: "message",
        id: "msg_1",
        role: "assistant",
        content: [{ type: "output_text", text: "I will run the tests first." }],
      },
    },
    {
      id: "a3",
      type: "response_item",
      payload: {
        type: "function_call",
        id: "fc_1",
        call_id: "call_1",
        name: "shell",
        arguments: '{"command":["bash","-lc","npm test"]}',
      },
    },
    {
      id: "a5",
      type: "response_item",
      payload: {
        type: "function_call_output",
        call_id: "call_1",
        output: '{"output":"1 failed","metadata":{"exit_code":1,"duration_seconds":0.8}}',
      },
    },
  ],
  loading_state: [{ id: "a1", type: "loading_state", payload: { loading: true } }],
  approval_request: [
    {
      id: "a4",
      type: "approval_request",
      payload: {
        command: ["bash", "-lc", "npm test"],
        callId: "call_1",
        tool: "shell",
        cwd: "/home/you/project",
        reason: "Runs a command that is not known to only read.",
        risk: "medium",
        expiresAt: TIME,
      },
    },
    {
      id: "a6",
      type: "approval_request",
      payload: {
        command: ["apply_patch", "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch"],
        applyPatch: { patch: "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch" },
        callId: "call_2",
        tool: "apply_patch",
        cwd: "/home/you/project",
        reason: "Changes a.txt.",
        risk: "low",
        expiresAt: TIME,
        files: [
          {
            path: "a.txt",
            kind: "update",
            diff: "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n",
            before_sha256: "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806",
          },
        ],
      },
    },
  ],
  approval_resolved: [
    {
      seq: 12,
      id: "b4",
      type: "approval_resolved",
      payload: { requestId: "a4", review: "YES", decidedBy: "client", client: "c1" },
    },
  ],
  agent_finished: [
    {
      id: "a8",
      type: "agent_finished",
      payload: { responseId: "resp_1", status: "completed", usage: USAGE },
    },
  ],
  context_info: [
    {
      id: "c1",
      type: "context_info",
      payload: {
        tokenCount: 5120,
        usagePercent: 2.56,
        transcriptLength: 14,
        maxTokens: 200_000,
        strategy: "threshold",
      },
    },
  ],
  context_compacted: [
    {
      id: "c2",
      type: "context_compacted",
      payload: {
        oldTokenCount: 161_000,
        newTokenCount: 9000,
        reductionPercent: 94.4,
        strategy: "threshold",
        keptItems: ["msg_40", "msg_41"],
      },
    },
  ],
  status: [
    {
      seq: 9,
      id: "b3",
      type: "status",
      payload: { kind: "retrying", inMs: 4000, reason: "429 from anthropic", attempt: 1 },
    },
    {
      seq: 13,
      id: "b5",
      type: "status",
      payload: {
        kind: "tool_started",
        callId: "call_1",
        name: "shell",
        command: ["bash", "-lc", "npm test"],
        cwd: "/home/you/project",
      },
    },
  ],
  error: [
    {
      id: "a9",
      type: "error",
      payload: {
        message: "No approval request is open: nothing was changed.",
        details: { code: "no_pending_approval" },
      },
    },
  ],
  session_info: [{ seq: 1, id: "b1", type: "session_info", payload: SESSION_INFO }],
  response_delta: [
    {
      seq: 4,
      id: "b2",
      type: "response_delta",
      payload: { itemId: "msg_1", kind: "text", delta: "I will " },
    },
  ],
};

const HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** As it stands in the file of a session. */
export const LOG_LINE_EXAMPLE = {
  timestamp: TIME,
  event_type: "websocket_message_received",
  direction: "incoming",
  message_data: CLIENT_EXAMPLES.user_input[0],
  audit: { client: { id: "c1", door: "agentloop", peer: "127.0.0.1" } },
  seq: 2,
  salt: SESSION_ID,
  data_hash: HASH,
  prev_hash: HASH,
  hash: HASH,
};
