import { createLogStore } from "../audit/log.ts";
import { DeltaBatches } from "../audit/redact/delta-batch.ts";
import type { AuditFacts } from "../contract/audit.ts";
import type { SessionId, SessionLog } from "../contract/log.ts";
import type { ServerBody } from "../contract/message.ts";

/** What a session of a test is about. */
export interface LongSession {
  id: SessionId;
  /** At least so many lines; the last turn is always whole. */
  lines: number;
  /** When it begins, ISO 8601. */
  began?: string;
  /** Said by the user in the first turn. */
  title?: string;
  /** Said by the assistant in the first turn. */
  words?: string;
  /** What the commands write. */
  output?: string;
}

/**
 * Writes a session that looks like many hours of work: turns with streamed text, commands, patches, approvals that wait
 * for people, errors, and rests between them. It has ended, and its chain and its signatures are sound.
 */
export async function writeLongSession(folder: string, session: LongSession): Promise<void> {
  const store = createLogStore({ folder, durability: "off" });
  const realNow = Date.now;
  const clock = { now: Date.parse(session.began ?? "2026-11-20T09:00:00Z") };
  try {
    // The log takes each line's time from the clock.
    Date.now = () => clock.now;
    const writer = new Writer(store.create(session.id), clock);
    writer.begin(session.id);
    for (let turn = 0; writer.head < session.lines; turn += 1) writer.turn(turn, session);
    await writer.end();
  } finally {
    Date.now = realNow;
  }
  await store.close();
}

const CLIENT = { id: "5e1f0c52-7a4b-4e1e-9d7e-3f1c3a9b2d10", door: "agentloop", peer: "127.0.0.1" };
const MODEL = { provider: "openai", model: "gpt-5.2-codex" } as const;

const QUESTIONS = [
  "Find out why the login test fails on Mondays, and fix it",
  "Add a rate limit to the public endpoints, with tests",
  "The report is slow for large customers: profile it and make it faster",
  "Rename `userId` to `accountId` everywhere, also in the documents",
];
const COMMANDS = [
  "npm test",
  "git status --short",
  "rg -n 'isMonday' src",
  "node scripts/profile.js --json",
  "cat src/login.ts",
];
const FILES = [
  "src/login.ts",
  "src/limits/rate-limit.ts",
  "src/report/sum.ts",
  "docs/api.md",
  "src/login.test.ts",
];

class Writer {
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
    this.#tell(
      {
        type: "session_info",
        payload: {
          session_id: id,
          ...MODEL,
          workspace: "/srv/shop",
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

  turn(turn: number, { title, words, output }: LongSession): void {
    this.#wait(turn === 0 ? 2000 : 60_000 + 37_000 * (turn % 23));
    const question = (turn === 0 ? title : undefined) ?? QUESTIONS[turn % QUESTIONS.length] ?? "";
    const content = [{ type: "input_text" as const, text: question }];
    this.#hear("user_input", { input: [{ type: "message", role: "user", content }] });
    this.#tell({ type: "loading_state", payload: { loading: true } });
    this.#tell({
      type: "response_item",
      payload: { type: "message", id: this.#id("msg"), role: "user", content },
    });
    this.#respond("I will look at the tests first, then at what they touch.", "reasoning");
    for (let step = 0; step < 3 + (turn % 3); step += 1) {
      const text = turn === 0 && step === 0 ? words : undefined;
      this.#respond(
        text ??
          `Step ${step + 1}: I look at \`${FILES[(turn + step) % FILES.length]}\` now.\n\n- what it does\n- what **should** change\n`,
      );
      if (step % 3 === 1) this.#patch(turn, step);
      else this.#command(turn, step, output);
    }
    if (turn % 7 === 3) this.#fail();
    this.#respond("All of it is done. The tests pass, and the reason stands in the commit's message.");
    this.#usage(turn);
    this.#tell({ type: "loading_state", payload: { loading: false } });
    const status = turn % 7 === 3 ? "failed" : "completed";
    this.#tell({ type: "agent_finished", payload: { responseId: `resp_${turn}`, status } });
  }

  async end(): Promise<void> {
    this.#wait(500);
    await this.#log.end();
  }

  #respond(text: string, kind: "text" | "reasoning" = "text"): void {
    const itemId = this.#id(kind === "text" ? "msg" : "rs");
    this.#wait(700);
    for (const delta of text.match(/\S+\s*/g) ?? []) {
      this.#wait(30);
      this.#log.delta({ itemId, kind, delta });
    }
    if (kind === "reasoning") {
      this.#tell({
        type: "response_item",
        payload: { type: "reasoning", id: itemId, summary: [{ type: "summary_text", text }] },
      });
    } else {
      const content = [{ type: "output_text" as const, text }];
      this.#tell({
        type: "response_item",
        payload: { type: "message", id: itemId, role: "assistant", content },
      });
    }
  }

  #command(turn: number, step: number, output?: string): void {
    const words = COMMANDS[(turn + step) % COMMANDS.length] ?? "";
    const command = ["bash", "-lc", words];
    const callId = this.#call("shell", { command });
    this.#usage(turn);
    if (step % 2 === 0)
      this.#ask(
        { command, callId, tool: "shell", reason: `"${words}" is not known to only read.`, risk: "medium" },
        turn,
      );
    this.#tell({
      type: "status",
      payload: { kind: "tool_started", callId, name: "shell", command, cwd: "/srv/shop" },
    });
    const failed = (turn + step) % 5 === 4;
    const text =
      output ??
      `\u001b[32m✓\u001b[0m 41 tests passed\n${failed ? "\u001b[31m✗ 1 test failed: login on Mondays\u001b[0m\n" : ""}`;
    for (const line of text.split(/(?<=\n)/).slice(0, 50)) {
      this.#wait(180);
      this.#log.delta({ itemId: callId, kind: "output", callId, delta: line });
    }
    this.#output(callId, text, failed ? 1 : 0, 1.2);
  }

  #patch(turn: number, step: number): void {
    const path = FILES[(turn + step) % FILES.length] ?? "";
    const input = `*** Begin Patch\n*** Update File: ${path}\n@@\n-  return day === 1;\n+  return day === MONDAY;\n*** End Patch`;
    const diff = `--- a/${path}\n+++ b/${path}\n@@ -10,4 +10,4 @@ export function isMonday(day: number) {\n   // Days count from Sunday.\n-  return day === 1;\n+  return day === MONDAY;\n }\n`;
    const files = [{ path, kind: "update" as const, diff, before_sha256: "9".repeat(64) }];
    const callId = this.#call("apply_patch", { input });
    this.#usage(turn);
    const command = ["apply_patch", input];
    this.#ask(
      {
        command,
        callId,
        tool: "apply_patch",
        reason: `A patch inside the workspace: changes ${path}.`,
        risk: "low",
        files,
      },
      turn,
    );
    this.#tell({
      type: "status",
      payload: { kind: "tool_started", callId, name: "apply_patch", cwd: "/srv/shop", files },
    });
    this.#wait(15);
    this.#output(callId, `Done:\nM ${path}`, 0, 0.01);
  }

  #call(name: string, args: object): string {
    const call_id = this.#id("call");
    const id = this.#id("fc");
    const json = JSON.stringify(args);
    for (let start = 0; start < json.length; start += 24) {
      this.#wait(20);
      this.#log.delta({
        itemId: id,
        kind: "arguments",
        callId: call_id,
        delta: json.slice(start, start + 24),
      });
    }
    this.#tell({
      type: "response_item",
      payload: { type: "function_call", id, call_id, name, arguments: json, status: "completed" },
    });
    return call_id;
  }

  #ask(
    about: {
      command: string[];
      callId: string;
      tool: string;
      reason: string;
      risk: "low" | "medium";
      files?: object[];
    },
    turn: number,
  ): void {
    const expiresAt = new Date(this.#clock.now + 600_000).toISOString();
    const requestId = this.#tell({
      type: "approval_request",
      payload: { ...about, cwd: "/srv/shop", expiresAt } as never,
    });
    const wait = 3000 + 17_000 * (this.#number % 5);
    this.#wait(wait);
    const review = turn % 6 === 5 ? "ALWAYS" : "YES";
    this.#hear("approval_response", { review, requestId });
    this.#tell(
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

  #output(call_id: string, text: string, exit_code: number, duration_seconds: number): void {
    const output = JSON.stringify({ output: text, metadata: { exit_code, duration_seconds } });
    this.#tell(
      {
        type: "response_item",
        payload: { type: "function_call_output", id: this.#id("fco"), call_id, output },
      },
      {
        tool: {
          cwd: "/srv/shop",
          sandbox: "workspace-write",
          exit_code,
          duration_ms: duration_seconds * 1000,
        },
      },
    );
  }

  #usage(turn: number): void {
    const usage = {
      input_tokens: 4000 + 350 * (turn % 40),
      cached_input_tokens: 3000,
      cache_write_input_tokens: 0,
      output_tokens: 120,
      reasoning_output_tokens: 40,
      cost_usd: 0.004,
    };
    const responseId = this.#id("resp");
    this.#tell(
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

  #fail(): void {
    this.#tell({
      type: "error",
      payload: {
        message: "The provider is overloaded.",
        details: { code: "provider_overloaded" },
        retryable: true,
      },
    });
  }

  /** Resolves with the message's id. */
  #tell(body: ServerBody, audit?: AuditFacts): string {
    this.#wait(3);
    const id = this.#id("m");
    this.#log.append("outgoing", JSON.stringify({ id, ...body }), audit);
    return id;
  }

  #hear(type: string, payload: object): void {
    this.#wait(3);
    this.#log.append("incoming", JSON.stringify({ id: this.#id("c"), type, payload }), { client: CLIENT });
  }

  #wait(ms: number): void {
    this.#clock.now += ms;
  }

  #id(prefix: string): string {
    this.#number += 1;
    return `${prefix}_${this.#number}`;
  }
}
