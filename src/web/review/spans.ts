import type { LogLine } from "../../contract/log.ts";
import { callWords } from "./call-words.ts";
import type { EventRow, Tone } from "./events.ts";
import { readToolResult } from "../parts/tool-result.ts";
import { flagAt, numberAt, oneLine, textAt, valueAt } from "./read.ts";

/** Something that took time: a turn, a response of the model, a tool's run, a question that waited for its answer. */
export interface Span {
  kind: "turn" | "model" | "tool" | "approval" | "retry";
  name: string;
  /** Milliseconds since 1970; `to` is undefined while it goes on. */
  from: number;
  to: number | undefined;
  /** The lines it begins and ends with. */
  seq: number;
  endSeq: number | undefined;
  tone: Tone;
  /** What came of it, in few words. */
  outcome: string;
}

/** A time in which nothing worked: everybody waited for a person. */
export interface Gap {
  from: number;
  to: number;
}

/** Shorter rests are part of the work. */
const GAP_MS = 1000;

/** Follows a session line by line and notes what took time. */
export class SpanBuilder {
  readonly spans: Span[] = [];
  readonly gaps: Gap[] = [];
  readonly #tools = new Map<string, Span>();
  readonly #approvals = new Map<string, Span>();
  #turn: Span | undefined;
  #model: Span | undefined;
  #firstDelta: number | undefined;
  /** What the user said last. */
  #asked = "";
  #last: number | undefined;

  add(row: EventRow, { message_data: message }: LogLine): void {
    const isQuiet = this.#model === undefined && this.#tools.size === 0;
    if (this.#last !== undefined && isQuiet && row.at - this.#last > GAP_MS) {
      this.gaps.push({ from: this.#last, to: row.at });
    }
    this.#last = Math.max(row.at, this.#last ?? 0);
    this.#follow(row, message);
  }

  #follow(row: EventRow, message: unknown): void {
    const payload = valueAt(message, "payload");
    switch (row.type) {
      case "user_input":
        this.#asked = oneLine(row.words, 160);
        return undefined;
      case "loading_state":
        return flagAt(payload, "loading") ? this.#beginTurn(row) : undefined;
      case "agent_finished":
        return this.#endTurn(row, textAt(payload, "status") ?? "");
      case "response_delta":
        if (this.#model && textAt(payload, "kind") !== "output") this.#firstDelta ??= row.at;
        return undefined;
      case "approval_request":
        return this.#ask(row, textAt(message, "id") ?? "", payload);
      case "approval_response":
        return textAt(payload, "review")?.toUpperCase() === "EXPLAIN" ? this.#beginModel(row) : undefined;
      case "approval_resolved":
        return this.#decide(row, textAt(payload, "requestId") ?? "");
      case "response_item":
        return row.kind === "output" ? this.#endTool(row, payload) : undefined;
      case "status":
        return this.#status(row, payload);
      case "session_ended":
        return this.#endAll(row);
      default:
        return undefined;
    }
  }

  #status(row: EventRow, payload: unknown): void {
    const kind = textAt(payload, "kind");
    if (kind === "tool_started") this.#beginTool(row, payload);
    if (kind === "response_finished") this.#endModel(row, payload);
    if (kind === "retrying") {
      const to = row.at + (numberAt(payload, "inMs") ?? 0);
      this.spans.push({
        ...spanOf("retry", row, oneLine(textAt(payload, "reason") ?? "Waits")),
        to,
        tone: "warn",
      });
    }
  }

  #beginTurn(row: EventRow): void {
    this.#turn = this.#open("turn", row, this.#asked);
    this.#beginModel(row);
  }

  #beginModel(row: EventRow): void {
    this.#model = spanOf("model", row, "Model");
    this.#firstDelta = undefined;
  }

  #endModel(row: EventRow, payload: unknown): void {
    const span = this.#model ?? spanOf("model", row, "Model");
    const tokens = numberAt(payload, "usage", "output_tokens");
    const wait =
      this.#firstDelta === undefined ? "" : `first words after ${seconds(this.#firstDelta - span.from)}`;
    const name = oneLine(textAt(payload, "model") ?? "Model", 80);
    const outcome = [tokens === undefined ? "" : `${tokens} tokens`, wait].filter(Boolean).join(", ");
    this.spans.push({ ...span, name, outcome, to: row.at, endSeq: row.seq });
    this.#model = undefined;
  }

  #beginTool(row: EventRow, payload: unknown): void {
    this.#model = undefined;
    const span = this.#open("tool", row, oneLine(callWords(payload), 160));
    this.#tools.set(textAt(payload, "callId") ?? "", span);
  }

  #endTool(row: EventRow, payload: unknown): void {
    const callId = textAt(payload, "call_id") ?? "";
    const span = this.#tools.get(callId);
    if (span) {
      const { exitCode } = readToolResult(textAt(payload, "output") ?? "");
      close(span, row, exitCode === undefined || exitCode === null ? "" : `exit ${exitCode}`);
      if (row.tone === "bad") span.tone = "bad";
      this.#tools.delete(callId);
    }
    if (this.#turn && this.#tools.size === 0 && this.#model === undefined) this.#beginModel(row);
  }

  #ask(row: EventRow, id: string, payload: unknown): void {
    this.#model = undefined;
    if (this.#approvals.has(id)) return;
    const span = this.#open("approval", row, oneLine(callWords(payload), 160));
    span.tone = "warn";
    this.#approvals.set(id, span);
  }

  #decide(row: EventRow, id: string): void {
    const span = this.#approvals.get(id);
    if (span === undefined) return;
    close(span, row, row.words);
    span.tone = row.tone;
    this.#approvals.delete(id);
    if (row.tone === "bad" && this.#turn) this.#beginModel(row);
  }

  #endTurn(row: EventRow, status: string): void {
    if (this.#model && this.#firstDelta !== undefined) {
      this.spans.push({ ...this.#model, to: row.at, endSeq: row.seq, outcome: "broken off", tone: "warn" });
    }
    this.#model = undefined;
    if (this.#turn) {
      close(this.#turn, row, oneLine(status, 40));
      this.#turn.tone = row.tone;
    }
    this.#turn = undefined;
  }

  /** What a crash left open ends here. */
  #endAll(row: EventRow): void {
    for (const span of this.spans) if (span.to === undefined) close(span, row, "not finished");
    this.#tools.clear();
    this.#approvals.clear();
    this.#turn = undefined;
    this.#model = undefined;
  }

  #open(kind: Span["kind"], row: EventRow, name: string): Span {
    const span = spanOf(kind, row, name);
    this.spans.push(span);
    return span;
  }
}

const spanOf = (kind: Span["kind"], row: EventRow, name: string): Span => ({
  kind,
  name,
  from: row.at,
  to: undefined,
  seq: row.seq,
  endSeq: undefined,
  tone: "plain",
  outcome: "",
});

function close(span: Span, row: EventRow, outcome: string): void {
  span.to = row.at;
  span.endSeq = row.seq;
  span.outcome = outcome;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
