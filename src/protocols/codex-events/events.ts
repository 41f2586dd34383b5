import type { ResponseItem } from "../../contract/item.ts";
import type { FileChange, ServerMessage } from "../../contract/message.ts";
import { reasonedIn, saidBy } from "../ask.ts";
import { readToolOutput } from "../tool-output.ts";
import { changesOf } from "./changes.ts";
import { TokenCounts } from "./token-counts.ts";

/** A Codex `EventMsg`, in snake_case. */
export interface EventMsg {
  type: string;
  [field: string]: unknown;
}

/** Translates the messages of one conversation into Codex events; it remembers what later ones refer to. */
export class CodexEvents {
  readonly #begun = new Map<string, "exec" | "patch">();
  readonly #tokens = new TokenCounts();
  #lastAgentMessage: string | null = null;

  of(message: ServerMessage): EventMsg[] {
    switch (message.type) {
      case "session_info": {
        const { session_id, model, workspace: cwd } = message.payload;
        return [{ type: "session_configured", session_id, model, cwd }];
      }
      case "loading_state":
        return message.payload.loading ? [{ type: "task_started", model_context_window: null }] : [];
      case "response_delta":
        return this.#delta(message.payload);
      case "response_item":
        return this.#item(message.payload);
      case "approval_request": {
        const { callId: call_id, command, cwd, reason, files } = message.payload;
        if (files === undefined) return [{ type: "exec_approval_request", call_id, command, cwd, reason }];
        return [
          {
            type: "apply_patch_approval_request",
            call_id,
            changes: changesOf(files),
            reason,
            grant_root: null,
          },
        ];
      }
      case "status":
        return this.#status(message.payload);
      case "error":
        return [{ type: "error", message: message.payload.message, code: message.payload.details?.code }];
      case "agent_finished":
        if (message.payload.status === "cancelled") return [{ type: "turn_aborted", reason: "interrupted" }];
        return [{ type: "task_complete", last_agent_message: this.#lastAgentMessage }];
      case "approval_resolved":
      case "context_info":
      case "context_compacted":
        return [];
    }
  }

  #delta({
    kind,
    delta,
    callId = "",
  }: Extract<ServerMessage, { type: "response_delta" }>["payload"]): EventMsg[] {
    if (kind === "text") return [{ type: "agent_message_delta", delta }];
    if (kind !== "output" || this.#begun.get(callId) !== "exec") return [];
    const chunk = Buffer.from(delta).toString("base64");
    return [{ type: "exec_command_output_delta", call_id: callId, stream: "stdout", chunk }];
  }

  #item(item: ResponseItem): EventMsg[] {
    const said = saidBy(item);
    if (said !== undefined) {
      this.#lastAgentMessage = said;
      return [{ type: "agent_message", message: said }];
    }
    const text = reasonedIn(item) ?? "";
    if (text !== "") return [{ type: "agent_reasoning", text }];
    return item.type === "function_call_output" ? this.#end(item.call_id, item.output) : [];
  }

  #status(status: Extract<ServerMessage, { type: "status" }>["payload"]): EventMsg[] {
    if (status.kind === "response_finished") return [this.#tokens.add(status.usage)];
    if (status.kind !== "tool_started") return [];
    const { callId: call_id, name, command = [name], cwd = "", files } = status;
    if (files !== undefined) return this.#beginPatch(call_id, files);
    this.#begun.set(call_id, "exec");
    return [{ type: "exec_command_begin", call_id, command, cwd, parsed_cmd: [] }];
  }

  #beginPatch(call_id: string, files: readonly FileChange[]): EventMsg[] {
    this.#begun.set(call_id, "patch");
    return [{ type: "patch_apply_begin", call_id, auto_approved: false, changes: changesOf(files) }];
  }

  /** Only what began ends: a call that was denied never ran. */
  #end(call_id: string, output: string): EventMsg[] {
    const kind = this.#begun.get(call_id);
    this.#begun.delete(call_id);
    if (kind === undefined) return [];
    const { text, exitCode, seconds } = readToolOutput(output);
    if (kind === "patch") {
      const success = exitCode === 0;
      return [
        {
          type: "patch_apply_end",
          call_id,
          stdout: success ? text : "",
          stderr: success ? "" : text,
          success,
        },
      ];
    }
    const duration = { secs: Math.floor(seconds), nanos: Math.round((seconds % 1) * 1e9) };
    const whole = { stdout: text, stderr: "", aggregated_output: text, formatted_output: text };
    return [{ type: "exec_command_end", call_id, ...whole, exit_code: exitCode ?? -1, duration }];
  }
}
