import { z } from "zod";
import type { FunctionCallItem, ResponseItem } from "../../contract/item.ts";
import type { FileChange, ServerMessage } from "../../contract/message.ts";
import { reasonedIn, saidBy } from "../ask.ts";
import { readToolOutput } from "../tool-output.ts";

export interface InvestigationEvent {
  event: string;
  data: Record<string, unknown>;
}

/** Of the form in which a tool's result is told. */
const SCHEMA_VERSION = "1.0";

/** Translates one client's messages into events; it remembers what later ones refer to. */
export class InvestigationEvents {
  readonly #connectionId: string;
  readonly #calls = new Map<string, FunctionCallItem>();
  /** What the assistant said last in this turn. */
  #analysis = "";
  /** The open request for approval: its id, and the call that it is for. */
  #open: { requestId: string; callId: string } | undefined;

  constructor(connectionId: string) {
    this.#connectionId = connectionId;
  }

  /** The request that waits for an answer about this call. */
  openRequestFor(callId: string): string | undefined {
    return this.#open?.callId === callId ? this.#open.requestId : undefined;
  }

  /** Undefined for what this door's clients are not told. */
  of(message: ServerMessage): InvestigationEvent | undefined {
    switch (message.type) {
      case "session_info": {
        const { session_id, model, state } = message.payload;
        return {
          event: "connection_ack",
          data: { connectionId: this.#connectionId, session_id, model, state },
        };
      }
      case "response_delta": {
        const { kind, delta, callId } = message.payload;
        if (kind === "arguments") return undefined;
        if (kind === "output") return { event: "tool_output_delta", data: { id: callId, delta } };
        return {
          event: "ai_message_delta",
          data: { content: delta, ...(kind === "reasoning" && REASONING) },
        };
      }
      case "response_item":
        return this.#item(message.payload);
      case "approval_request": {
        const { callId, command, reason, risk, files } = message.payload;
        this.#open = { requestId: message.id, callId };
        const data = { tool_call_id: callId, description: command.join(" "), reason, risk, ...diffOf(files) };
        return { event: "approval_required", data };
      }
      case "approval_resolved": {
        const { requestId, ...decision } = message.payload;
        const isOpen = this.#open?.requestId === requestId;
        const tool_call_id = isOpen ? this.#open?.callId : undefined;
        if (isOpen) this.#open = undefined;
        return { event: "approval_resolved", data: { tool_call_id, ...decision } };
      }
      case "status":
        if (message.payload.kind !== "response_finished") return undefined;
        return { event: "token_count", data: { ...message.payload.usage } };
      case "agent_finished": {
        const { status, usage } = message.payload;
        const data = { sections: {}, analysis: this.#analysis, status, ...(usage && { usage }) };
        this.#analysis = "";
        return { event: "ai_answer_end", data };
      }
      case "error": {
        const { message: error, details, retryable = false } = message.payload;
        return { event: "error", data: { error, code: details?.code ?? "internal", retryable } };
      }
      case "loading_state":
      case "context_info":
      case "context_compacted":
        return undefined;
    }
  }

  #item(item: ResponseItem): InvestigationEvent | undefined {
    switch (item.type) {
      case "message":
      case "reasoning": {
        const said = saidBy(item);
        if (said !== undefined) this.#analysis = said;
        const content = said ?? reasonedIn(item) ?? "";
        if (content === "") return undefined;
        return { event: "ai_message", data: { content, ...(said === undefined && REASONING) } };
      }
      case "function_call":
        this.#calls.set(item.call_id, item);
        return { event: "start_tool_calling", data: { tool_name: item.name, id: item.call_id } };
      case "function_call_output": {
        const call = this.#calls.get(item.call_id);
        this.#calls.delete(item.call_id);
        return { event: "tool_calling_result", data: resultOf(item, call) };
      }
      case "provider_item":
        return undefined;
    }
  }
}

const REASONING = { is_reasoning: true };

function diffOf(files: readonly FileChange[] | undefined): { diff?: string } {
  return files === undefined ? {} : { diff: files.map(({ diff }) => diff).join("\n") };
}

function resultOf(
  { call_id, output }: Extract<ResponseItem, { type: "function_call_output" }>,
  call: FunctionCallItem | undefined,
): Record<string, unknown> {
  const { text, exitCode } = readToolOutput(output);
  const failed = exitCode !== 0;
  return {
    tool_call_id: call_id,
    role: "tool",
    name: call?.name ?? "",
    description: call === undefined ? "" : descriptionOf(call),
    result: {
      schema_version: SCHEMA_VERSION,
      status: failed ? "error" : "success",
      error: failed ? text : null,
      return_code: exitCode,
      data: text,
      invocation: call?.arguments ?? null,
    },
  };
}

const Command = z.object({ command: z.array(z.string()) });

/** A command as one would type it; anything else by its tool's name. */
function descriptionOf({ name, arguments: json }: FunctionCallItem): string {
  try {
    return Command.parse(JSON.parse(json)).command.join(" ");
  } catch {
    return name;
  }
}
