import type { AgentOutput } from "../../contract/agent.ts";
import type { AppServer, Message } from "./app-server.ts";
import { judge, type JudgeParts, readAsked } from "./approval.ts";
import { failureOf } from "./failure.ts";
import { messageItem, outcomeOf, outputItem, reasoningItem } from "./items.ts";
import { factsOf, type OpenCall, OpenCalls, outcomeOfCommand, startOf, stoppedOutput } from "./open-calls.ts";
import type { Conversation, Purse } from "./ports.ts";
import { compacted, modelChanged, responseFinished, retrying, unfinishedMessage, usageOf } from "./told.ts";
import type { Window } from "./window.ts";
import { type EngineItem, readItem, readRawItem, Told } from "./wire.ts";

export type TurnEnd = "completed" | "cancelled";

export interface TurnParts extends JudgeParts {
  server: AppServer;
  conversation: Conversation;
  purse: Purse;
  window: Window;
  model: string;
  threadId: string;
  /** Undefined: the one that begins next. */
  turnId: string | undefined;
  /** Nobody is asked: a call that the engine tells of runs already. */
  asksNobody: boolean;
}

type Of<Method extends Told["method"]> = Extract<Told, { method: Method }>["params"];

/** Follows one turn of the engine, and says what it does in the words of our sessions. */
export class Turn {
  readonly #parts: TurnParts;
  readonly #calls = new OpenCalls();
  /** Text of messages that have begun and not finished. */
  readonly #texts = new Map<string, string>();
  /** The newest items as the engine shows them, for those that the model gave no id. */
  readonly #shownIds = new Map<EngineItem["type"], string>();
  #model: string;
  #turnId: string | undefined;
  #attempts = 0;
  #callsInResponse = 0;
  /** Tokens before the engine began to summarise. */
  #compactingFrom: number | undefined;
  #isCompacting = false;
  #hadCalls = false;
  readonly #over = Promise.withResolvers<void>();
  /** Undefined while it runs. */
  end: TurnEnd | undefined;

  constructor(parts: TurnParts) {
    this.#parts = parts;
    this.#model = parts.model;
    this.#turnId = parts.turnId;
  }

  /** Calls wait for their outputs: the model will be asked again. */
  get hasOpenCalls(): boolean {
    return this.#calls.size > 0;
  }

  /** Takes the next thing that the engine says. Throws AgentError when the turn has failed or the engine has gone. */
  async *step(signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const { server, threadId } = this.#parts;
    const message = await server.next();
    if (message === undefined) throw server.loss();
    if (message.id !== undefined) return yield* this.#answer(message, signal);
    const told = Told.safeParse(message).data;
    if (told === undefined || told.params.threadId !== threadId) return;
    const { params } = told;
    if (told.method === "turn/started") this.#turnId ??= told.params.turn.id;
    if (("turn" in params ? params.turn.id : params.turnId) !== this.#turnId) return;
    yield* this.#hear(told, signal);
  }

  /** More words of the user, for the engine's next request. One that has ended in the meantime lacks them. */
  async steer(input: object[]): Promise<void> {
    const { server, threadId } = this.#parts;
    await server.call("turn/steer", { threadId, expectedTurnId: this.#turnId, input });
  }

  /** Ends it; an engine that does not in time is ended itself. */
  async interrupt(deadlineMs: number): Promise<void> {
    const { server, threadId } = this.#parts;
    const late = setTimeout(() => server.kill(), deadlineMs);
    void this.#over.promise.then(() => clearTimeout(late));
    server.left.addEventListener("abort", () => clearTimeout(late));
    await server.call("turn/interrupt", { threadId, turnId: this.#turnId }).catch(() => undefined);
  }

  /** Ends the commands that it has left in the background. */
  async clean(): Promise<void> {
    const { server, threadId } = this.#parts;
    if (this.#hadCalls)
      await server.call("thread/backgroundTerminals/clean", { threadId }).catch(() => server.kill());
  }

  async *#hear(told: Told, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    switch (told.method) {
      case "rawResponseItem/completed":
        return yield* this.#takeRawItem(told.params.item, signal);
      case "rawResponse/completed":
        return yield* this.#takeResponse(told.params);
      case "item/started":
        return yield* this.#itemStarted(readItem(told.params.item));
      case "item/completed":
        return yield* this.#itemCompleted(readItem(told.params.item));
      case "item/agentMessage/delta":
        return yield* this.#textDelta(told.params);
      case "item/reasoning/summaryTextDelta": {
        const { itemId, delta } = told.params;
        return yield { body: { type: "response_delta", payload: { itemId, kind: "reasoning", delta } } };
      }
      case "item/commandExecution/outputDelta":
        return yield* this.#outputDelta(told.params);
      case "thread/tokenUsage/updated":
        return this.#countWindow(told.params);
      case "model/rerouted":
        return yield* this.#rerouted(told.params);
      case "turn/started":
        return;
      case "error":
        return yield* this.#failedAttempt(told.params);
      case "turn/completed":
        return yield* this.#finish(told.params.turn, signal);
    }
  }

  async *#answer(message: Message, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const { server, threadId } = this.#parts;
    const asked = readAsked(message);
    if (asked === undefined || asked.params.threadId !== threadId || asked.params.turnId !== this.#turnId)
      return server.decline(message);
    const call = this.#calls.get(asked.params.itemId);
    const either = AbortSignal.any([signal, server.left]);
    const { decision, assessment, output } = yield* judge(asked, call, this.#parts, either);
    if (call && decision === "accept") {
      call.allowed = true;
      yield* startOf(call, assessment);
    }
    if (call && output !== undefined) yield* this.#deny(call, output, decision === "decline");
    if (message.id !== undefined) server.answer(message.id, { decision });
  }

  /** The engine tells its model only that the call was rejected: why is said beside it, before it goes on. */
  async *#deny(call: OpenCall, output: string, goesOn: boolean): AsyncGenerator<AgentOutput> {
    const { conversation } = this.#parts;
    const { item, outputId } = call;
    this.#calls.close(item.call_id);
    yield* conversation.add(outputItem(item.call_id, outputId, { output, exitCode: 1, seconds: 0 }));
    if (!goesOn) return;
    const text = `About the call of ${item.name} that was rejected just now: ${output}`;
    await this.steer([{ type: "text", text }]).catch(() => undefined);
  }

  async *#takeRawItem(raw: unknown, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const item = readRawItem(raw);
    if (item === undefined || this.#isCompacting) return;
    const { conversation } = this.#parts;
    switch (item.type) {
      case "message": {
        if (item.role !== "assistant") return;
        const message = messageItem(item, this.#model, this.#shownIds.get("agentMessage"));
        this.#texts.delete(message.id ?? "");
        return yield* conversation.add(message);
      }
      case "reasoning":
        return yield* conversation.add(reasoningItem(item, this.#model, this.#shownIds.get("reasoning")));
      case "function_call":
      case "custom_tool_call":
        this.#callsInResponse += 1;
        this.#hadCalls = true;
        return yield* conversation.add(this.#calls.open(item, this.#model));
      case "function_call_output":
      case "custom_tool_call_output":
        return yield* this.#takeOutput(item.call_id, item.output, signal);
    }
  }

  async *#takeOutput(callId: string, output: unknown, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const call = this.#calls.get(callId);
    if (call === undefined) return;
    const { conversation, context } = this.#parts;
    this.#calls.close(callId);
    const isStopped = signal.aborted && (call.shown?.exitCode ?? undefined) === undefined;
    if (isStopped) return yield* conversation.add(stoppedOutput(call));
    const outcome = (call.shown && outcomeOfCommand(call.shown, context.maxOutputBytes)) ?? outcomeOf(output);
    if (call.shown !== undefined && call.shown.status !== "declined") yield* startOf(call);
    const facts = factsOf(call, outcome, context.sandbox.mode);
    for await (const told of conversation.add(outputItem(callId, call.outputId, outcome))) {
      yield facts ? { ...told, audit: { tool: facts } } : told;
    }
  }

  async *#takeResponse({
    responseId,
    usage: tokens,
  }: Of<"rawResponse/completed">): AsyncGenerator<AgentOutput> {
    const { conversation, purse } = this.#parts;
    const aside = this.#isCompacting;
    const usage = purse.pay(this.#model, usageOf(tokens ?? undefined), aside);
    const stop = this.#callsInResponse > 0 ? ("tool_calls" as const) : ("completed" as const);
    this.#callsInResponse = 0;
    this.#attempts = 0;
    if (!aside) conversation.noteResponse(responseId);
    const model = this.#model;
    yield responseFinished(model, { id: responseId, usage, stop, aside });
    if (stop === "tool_calls") purse.check(model, usage.input_tokens + usage.output_tokens);
  }

  *#itemStarted(item: EngineItem | undefined): Generator<AgentOutput> {
    if (item === undefined) return;
    this.#shownIds.set(item.type, item.id);
    if (item.type === "contextCompaction") {
      this.#isCompacting = true;
      this.#compactingFrom = this.#parts.window.tokens;
    }
    const call = this.#show(item);
    if (call && this.#parts.asksNobody) yield* startOf(call);
  }

  *#itemCompleted(item: EngineItem | undefined): Generator<AgentOutput> {
    if (item === undefined) return;
    this.#texts.delete(item.id);
    if (item.type === "contextCompaction") this.#isCompacting = false;
    const call = this.#show(item);
    if (call && "status" in item && item.status !== "declined") yield* startOf(call);
  }

  #show(item: EngineItem): OpenCall | undefined {
    const call = this.#calls.get(item.id);
    if (call && item.type === "commandExecution") call.shown = item;
    if (call && item.type === "fileChange") call.changes = item.changes;
    return call;
  }

  *#textDelta({ itemId, delta }: Of<"item/agentMessage/delta">): Generator<AgentOutput> {
    if (this.#isCompacting) return;
    this.#texts.set(itemId, (this.#texts.get(itemId) ?? "") + delta);
    yield { body: { type: "response_delta", payload: { itemId, kind: "text", delta } } };
  }

  *#outputDelta({ itemId, delta }: Of<"item/commandExecution/outputDelta">): Generator<AgentOutput> {
    const call = this.#calls.get(itemId);
    if (call === undefined) return;
    yield* startOf(call);
    call.streamed = (call.streamed + delta).slice(-this.#parts.context.maxOutputBytes);
    const payload = { itemId: call.outputId, kind: "output", delta, callId: itemId } as const;
    yield { body: { type: "response_delta", payload } };
  }

  #countWindow({ tokenUsage }: Of<"thread/tokenUsage/updated">): void {
    const { window } = this.#parts;
    window.tokens = tokenUsage.last.totalTokens;
    window.max = tokenUsage.modelContextWindow ?? window.max;
  }

  *#rerouted({ toModel }: Of<"model/rerouted">): Generator<AgentOutput> {
    this.#model = toModel;
    yield modelChanged(toModel, "The engine's provider answers with another model.");
  }

  /** What had begun is asked for again. */
  *#failedAttempt({ error, willRetry }: Of<"error">): Generator<AgentOutput> {
    if (!willRetry) return;
    this.#attempts += 1;
    this.#texts.clear();
    yield retrying(error.additionalDetails ?? error.message, this.#attempts);
  }

  async *#finish(turn: Of<"turn/completed">["turn"], signal: AbortSignal): AsyncGenerator<AgentOutput> {
    this.end = turn.status === "completed" ? "completed" : "cancelled";
    this.#over.resolve();
    yield* this.#tellCompaction();
    if (signal.aborted) yield* this.#keepUnfinished();
    if (turn.status === "failed" && !signal.aborted)
      throw failureOf(turn.error ?? { message: "The turn failed." });
  }

  *#tellCompaction(): Generator<AgentOutput> {
    if (this.#compactingFrom === undefined || this.#isCompacting) return;
    yield compacted(this.#compactingFrom, this.#parts.window.tokens);
  }

  async *#keepUnfinished(): AsyncGenerator<AgentOutput> {
    for (const [id, text] of this.#texts) {
      if (text.trim() !== "") yield* this.#parts.conversation.add(unfinishedMessage(id, text, this.#model));
    }
  }
}
