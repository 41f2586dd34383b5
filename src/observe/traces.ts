import {
  type Attributes,
  context,
  type Histogram,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { Provider } from "../contract/item.ts";
import type { Happening, Listener, Watched } from "./happening.ts";

/** As the semantic conventions for generative AI name them. */
const SYSTEMS: Record<Provider, string> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "gcp.gemini",
  scripted: "scripted",
  codex: "openai",
};

const NAME = "agentloop-server";

/**
 * Spans of turns, answers and tools, and the two metrics that the conventions ask of a client of models. Nothing that
 * anybody said, and no command, is in them: that is what the record is for.
 */
export class Traces implements Listener {
  readonly #tracer: Tracer;
  readonly #tokens: Histogram;
  readonly #seconds: Histogram;
  /** Of the running turns, by session. */
  readonly #turns = new Map<string, Span>();

  constructor(version: string) {
    this.#tracer = trace.getTracer(NAME, version);
    const meter = metrics.getMeter(NAME, version);
    this.#tokens = meter.createHistogram("gen_ai.client.token.usage", { unit: "{token}" });
    this.#seconds = meter.createHistogram("gen_ai.client.operation.duration", { unit: "s" });
  }

  happened(what: Happening, session: Watched): void {
    switch (what.type) {
      case "turn_began":
        this.#turns.set(session.id, this.#beginTurn(what.at, session));
        break;
      case "turn_ended":
        this.#endTurn(what, session);
        break;
      case "response":
        this.#respond(what, session);
        break;
      case "tool":
        this.#tool(what, session);
        break;
      case "error":
        this.#turns.get(session.id)?.setAttribute("error.type", what.code);
        break;
      case "session_ended":
        this.#turns.get(session.id)?.end();
        this.#turns.delete(session.id);
        break;
      case "session_began":
      case "first_delta":
      case "approval_asked":
      case "approval_decided":
      case "retry":
      case "compaction":
      case "deltas":
        break;
    }
  }

  #beginTurn(at: number, session: Watched): Span {
    return this.#tracer.startSpan(`invoke_agent ${NAME}`, {
      startTime: at,
      kind: SpanKind.INTERNAL,
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": NAME,
        "gen_ai.conversation.id": session.id,
        ...modelOf(session),
      },
    });
  }

  #endTurn({ status, at }: Extract<Happening, { type: "turn_ended" }>, session: Watched): void {
    const span = this.#turns.get(session.id);
    this.#turns.delete(session.id);
    span?.setAttribute("agentloop.turn.status", status);
    if (status === "failed") span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end(at);
  }

  #respond(
    { began, at, responseId, usage, facts }: Extract<Happening, { type: "response" }>,
    session: Watched,
  ): void {
    const operation = { "gen_ai.operation.name": "chat", ...modelOf(session) };
    this.#child(
      `chat ${session.model}`,
      { began, at, session, kind: SpanKind.CLIENT },
      {
        ...operation,
        "gen_ai.conversation.id": session.id,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        ...(responseId !== "" && { "gen_ai.response.id": responseId }),
        ...(facts && { "gen_ai.response.finish_reasons": [facts.stop] }),
        ...(facts?.served_model !== undefined && { "gen_ai.response.model": facts.served_model }),
      },
    );
    this.#seconds.record((at - began) / 1000, operation);
    this.#tokens.record(usage.input_tokens, { ...operation, "gen_ai.token.type": "input" });
    this.#tokens.record(usage.output_tokens, { ...operation, "gen_ai.token.type": "output" });
  }

  #tool({ name, callId, began, at, facts }: Extract<Happening, { type: "tool" }>, session: Watched): void {
    this.#child(
      `execute_tool ${name}`,
      { began, at, session, kind: SpanKind.INTERNAL },
      {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": callId,
        "gen_ai.tool.type": "function",
        "gen_ai.conversation.id": session.id,
        ...(typeof facts?.exit_code === "number" && { "process.exit.code": facts.exit_code }),
      },
    );
  }

  #child(
    name: string,
    { began, at, session, kind }: { began: number; at: number; session: Watched; kind: SpanKind },
    attributes: Attributes,
  ): void {
    const turn = this.#turns.get(session.id);
    const parent = turn === undefined ? context.active() : trace.setSpan(context.active(), turn);
    this.#tracer.startSpan(name, { startTime: began, kind, attributes }, parent).end(at);
  }
}

const modelOf = ({ provider, model }: Watched): Attributes => ({
  "gen_ai.provider.name": SYSTEMS[provider],
  "gen_ai.request.model": model,
});
