import type { ServerMessage } from "../../contract/message.ts";

type Frame = { type: string; [field: string]: unknown };

/** The frames that tell a client of a message. Deltas are for those who asked for them. */
export function told(message: ServerMessage): Frame[] {
  switch (message.type) {
    case "session_info":
      return [status("session initialised", { ...message.payload })];
    case "response_item":
      return [{ type: "item", responseItem: message.payload }];
    case "response_delta":
      return [{ type: "item", delta: message.payload }];
    case "approval_request": {
      const { command, applyPatch, reason, ...more } = message.payload;
      return [
        { type: "command_prompt", commandId: message.id, command, applyPatch, explanation: reason, ...more },
      ];
    }
    case "approval_resolved": {
      const { requestId, ...decision } = message.payload;
      return [status("command prompt answered", { commandId: requestId, ...decision })];
    }
    case "loading_state":
      return message.payload.loading ? [status("turn started")] : [];
    case "agent_finished":
      return [status("turn finished", { ...message.payload })];
    case "context_info":
      return [status("context", { ...message.payload })];
    case "context_compacted":
      return [status("context compacted", { ...message.payload })];
    case "status": {
      const { kind, ...details } = message.payload;
      return [status(kind.replaceAll("_", " "), details)];
    }
    case "error": {
      const { message: text, details, retryable = false } = message.payload;
      return [errorFrame(codeOf(details?.code ?? "internal"), text, retryable)];
    }
  }
}

const status = (message: string, details?: Record<string, unknown>): Frame => ({
  type: "status",
  message,
  details,
});

export const errorFrame = (code: string, message: string, retryable = false): Frame => ({
  type: "error",
  message,
  code,
  retryable,
});

const FRAME_CODES: Record<string, string> = {
  invalid_json: "INVALID_FRAME",
  invalid_message: "INVALID_FRAME",
  unknown_type: "INVALID_FRAME",
  message_too_large: "FRAME_TOO_LARGE",
};

/** Of an error, in the words of this protocol. */
export const codeOf = (code: string): string => FRAME_CODES[code] ?? code.toUpperCase();
