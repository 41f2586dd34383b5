import { DeltaBatches } from "../audit/redact/delta-batch.ts";
import type { AuditFacts } from "../contract/audit.ts";
import type { SessionId, SessionLog } from "../contract/log.ts";
import type { ApprovalRequest, ServerBody } from "../contract/message.ts";

const CLIENT = { id: "5e1f0c52-7a4b-4e1e-9d7e-3f1c3a9b2d10", door: "agentloop", peer: "127.0.0.1" };
const MODEL = { provider: "openai", model: "gpt-5.2-codex" } as const;

/** Where the agent of the session works. */
export const WORKSPACE = "/srv/shop";

/** Writes into a log what a session would: whole calls, answers and approvals, at the times of a clock of its own. */
export class SessionWriter {
  readonly #clock: { now: number };
  readonly #log: DeltaBatches;
  #number = 0;

  constructor(log: SessionLog, clock: { now: number }) {
    this.#clock = clock;
    this.#log = new DeltaBatches(log);
  }

  get head(): number {
    return this.#log.head;
  }

  begin(id: SessionId): void {
    this.tell(
      {
        type: "session_info",
        payload: {
          session_id: id,
          ...MODEL,
          workspace: WORKSPACE,
          approvalPolicy: "suggest",
          sandbox: "workspace-write",
          state: "idle",
          head_seq: 0,
          server_version: "0.1.0",
        },
      },
      { client: CLIENT },
    );
  }

  async end(): Promise<void> {
    this.wait(500);
    await this.#log.end();
  }

  respond(text: string, kind: "text" | "reasoning" = "text"): void {
    const itemId = this.id(kind === "text" ? "msg" : "rs");
    this.wait(700);
    for (const delta of text.match(/\S+\s*/g) ?? []) {
      this.wait(30);
      this.#log.delta({ itemId, kind, delta });
    }
    if (kind === "reasoning") {
      this.tell({
        type: "response_item",
        payload: { type: "reasoning", id: itemId, summary: [{ type: "summary_text", text }] },
      });
    } else {
      const content = [{ type: "output_text" as const, text }];
      this.tell({
        type: "response_item",
        payload: { type: "message", id: itemId, role: "assistant", content },
      });
    }
  }

  call(name: string, args: object): string {
    const call_id = this.id("call");
    const id = this.id("fc");
    const json = JSON.stringify(args);
    for (let start = 0; start < json.length; start += 24) {
      this.wait(20);
      this.#log.delta({
        itemId: id,
        kind: "arguments",
        callId: call_id,
        delta: json.slice(start, start + 24),
      });
    }
    this.tell({
      type: "response_item",
      payload: { type: "function_call", id, call_id, name, arguments: json, status: "completed" },
    });
    return call_id;
  }

  ask(about: Omit<ApprovalRequest, "cwd" | "expiresAt">, { review }: { review: "YES" | "ALWAYS" }): void {
    const expiresAt = new Date(this.#clock.now + 600_000).toISOString();
    const requestId = this.tell({
      type: "approval_request",
      payload: { ...about, cwd: WORKSPACE, expiresAt },
    });
    const wait = 3000 + 17_000 * (this.#number % 5);
    this.wait(wait);
    this.hear("approval_response", { review, requestId });
    this.tell(
      { type: "approval_resolved", payload: { requestId, review, decidedBy: "client", client: CLIENT.id } },
      {
        approval: {
          request_id: requestId,
          review,
          decided_by: "client",
          client: CLIENT.id,
          latency_ms: wait,
        },
      },
    );
  }

  output(call_id: string, text: string, exit_code: number, duration_seconds: number): void {
    const output = JSON.stringify({ output: text, metadata: { exit_code, duration_seconds } });
    this.tell(
      {
        type: "response_item",
        payload: { type: "function_call_output", id: this.id("fco"), call_id, output },
      },
      {
        tool: {
          cwd: WORKSPACE,
          sandbox: "workspace-write",
          exit_code,
          duration_ms: duration_seconds * 1000,
        },
      },
    );
  }

  /** The end of a model's answer that had so many tokens before it. */
  usage(inputTokens: number): void {
    const usage = {
      input_tokens: inputTokens,
      cached_input_tokens: 3000,
      cache_write_input_tokens: 0,
      output_tokens: 120,
      reasoning_output_tokens: 40,
      cost_usd: 0.004,
    };
    const responseId = this.id("resp");
    this.tell(
      { type: "status", payload: { kind: "response_finished", responseId, ...MODEL, usage } },
      {
        response: {
          provider: "openai",
          requested_model: MODEL.model,
          served_model: MODEL.model,
          response_id: responseId,
          stop: "tool_calls",
          usage,
        },
      },
    );
  }

  /** Returns the message's id. */
  tell(body: ServerBody, audit?: AuditFacts): string {
    this.wait(3);
    const id = this.id("m");
    this.#log.append("outgoing", JSON.stringify({ id, ...body }), audit);
    return id;
  }

  hear(type: string, payload: object): void {
    this.wait(3);
    this.#log.append("incoming", JSON.stringify({ id: this.id("c"), type, payload }), { client: CLIENT });
  }

  /** A piece of what a command writes. */
  outputDelta(callId: string, delta: string): void {
    this.wait(180);
    this.#log.delta({ itemId: callId, kind: "output", callId, delta });
  }

  wait(ms: number): void {
    this.#clock.now += ms;
  }

  id(prefix: string): string {
    this.#number += 1;
    return `${prefix}_${this.#number}`;
  }
}
