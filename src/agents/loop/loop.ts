import type { Agent, AgentOutput, ApprovalAnswer, Inbox, UserInput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { LogLine } from "../../contract/log.ts";
import type { ApprovalPolicy, ContextInfo, ResponseDelta } from "../../contract/message.ts";
import type { Model, ModelRequest, SelectModel } from "../../contract/model.ts";
import type { ToolContext, Toolbox } from "../../contract/tool.ts";
import { Approvals } from "./approvals.ts";
import type { Budget } from "./budget.ts";
import { Context } from "./context/context.ts";
import { Conversation } from "./conversation.ts";
import { explainCall } from "./explain.ts";
import { Grants } from "./policy.ts";
import { afterBreak, afterResponse, isDown, isEndOfAll, type Step, type TurnEnd } from "./step.ts";
import { BrokenResponse, type Exchange, respond, type ResponseResult } from "./turn.ts";
import { answerCall, type CallParts } from "./tool-call.ts";
import { wait } from "./wait.ts";

export interface LoopOptions {
  sessionId: string;
  model: Model;
  selectModel: SelectModel;
  toolbox: Toolbox;
  toolContext: ToolContext;
  instructions: string;
  approvalPolicy: ApprovalPolicy;
  approvalTimeoutMs: number;
  maxTurnSteps: number;
  context: { strategy: "threshold" | "dummy"; threshold: number };
  budget: Budget;
  /** Asked when the model stays down. */
  fallbackModel?: string | undefined;
  /** What the workspace's own files say to an agent; a conversation begins with it. */
  workspaceInstructions?: () => Promise<string | undefined>;
  /** Pause before a broken response is asked for again; doubles each time. */
  brokenPauseMs?: number;
}

/** Answers in a row that may break off or be unreadable before the turn is given up. */
const MAX_FAULTS = 3;

/** A provider that asks for a longer pause is not waited for. */
const MAX_PAUSE_MS = 60_000;

/** The agent of the house: asks the model, runs its tools, asks again. */
export class AgentLoop implements Agent {
  readonly #options: LoopOptions;
  readonly #conversation = new Conversation();
  readonly #grants = new Grants();
  readonly #approvals = new Approvals();
  readonly #context: Context;
  #model: Model;
  #compactedForThisRequest = false;
  /** Takes the deltas of the turn that runs. */
  #tell: ((delta: ResponseDelta) => void) | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#context = new Context(this.#conversation.history, {
      ...options.context,
      sessionId: options.sessionId,
      budget: options.budget,
      overhead: options.instructions.length + JSON.stringify(options.toolbox.specs).length,
    });
  }

  get provider() {
    return this.#model.provider;
  }

  get lastResponseId() {
    return this.#conversation.lastResponseId;
  }

  get model() {
    return this.#model.name;
  }

  async *run(
    inbox: Inbox,
    signal: AbortSignal,
    tell?: (delta: ResponseDelta) => void,
  ): AsyncGenerator<AgentOutput, TurnEnd> {
    this.#tell = tell;
    const input = inbox.take();
    if (!input) return "completed";
    this.#compactedForThisRequest = false;
    try {
      yield* this.#begin(input);
      return yield* this.#steps(inbox, signal);
    } catch (error) {
      yield* this.#conversation.abortOpenCalls();
      if (signal.aborted && isOfAbort(error, signal)) return "cancelled";
      throw error;
    } finally {
      // What a client continues from is the conversation as the turn left it, also when its last request failed.
      this.#conversation.mark();
    }
  }

  answer(answer: ApprovalAnswer): void {
    this.#approvals.answer(answer);
  }

  contextInfo(): ContextInfo {
    return this.#context.info(this.#model);
  }

  async *compact(signal: AbortSignal): AsyncGenerator<AgentOutput, void> {
    try {
      yield* this.#context.shorten(this.#model, signal);
      this.#conversation.mark();
    } catch (error) {
      // Nothing has changed, and nobody waits for a summary any more.
      if (!signal.aborted) throw error;
    }
  }

  async restore(lines: AsyncIterable<LogLine>): Promise<void> {
    const { model, responses, counted } = await this.#conversation.restore(lines);
    for (const { usage, ...of } of responses) this.#options.budget.recall(usage, of);
    this.#context.restore(counted);
    if (model === undefined || model === `${this.#model.provider}/${this.#model.name}`) return;
    try {
      this.#model = await this.#options.selectModel(model);
    } catch (error) {
      // Its key may be gone since: the conversation goes on with the server's own model.
      if (!(error instanceof AgentError)) throw error;
    }
  }

  /** Takes the input in that opens a turn. Throws before it has changed anything. */
  async *#begin(input: UserInput): AsyncGenerator<AgentOutput> {
    const { previousResponseId: responseId } = input;
    this.#conversation.checkResponse(responseId);
    const model = await this.#modelFor(input);
    yield* this.#conversation.continueFrom(responseId);
    yield* this.#conversation.abortOpenCalls();
    if (this.#conversation.items.length === 0) yield* this.#takeInWorkspace();
    yield* this.#takeIn(input, model);
  }

  async *#steps(inbox: Inbox, signal: AbortSignal): AsyncGenerator<AgentOutput, TurnEnd> {
    let faults = 0;
    for (let step = 0; step < this.#options.maxTurnSteps; step += 1) {
      yield* this.#takeInbox(inbox);
      yield* this.#context.shortenIfFull(this.#model, signal);
      const end = yield* this.#step(signal);
      if (end.kind === "fault") {
        if (end.note !== undefined) yield* this.#conversation.note(end.note);
        faults += 1;
        if (faults >= MAX_FAULTS) throw end.error;
        yield* this.#pause(faults, end.error, signal);
      } else {
        faults = 0;
      }
      // Nothing waits between this check and the end of the turn: what comes now begins the next one.
      if (end.kind === "end" && (end.status === "cancelled" || inbox.isEmpty)) return end.status;
    }
    throw new AgentError(
      "turn_limit",
      `The turn was stopped after ${this.#options.maxTurnSteps} requests to the model (MAX_TURN_STEPS). Say "go on" to continue.`,
    );
  }

  /** One request to the model, and the answers to its calls. */
  async *#step(signal: AbortSignal): AsyncGenerator<AgentOutput, Step> {
    signal.throwIfAborted();
    let result: ResponseResult;
    try {
      result = yield* respond(this.#model, this.#request(), this.#exchange(), signal);
    } catch (error) {
      if (error instanceof BrokenResponse) {
        return (yield* this.#answerCalls(error.calls, signal)) ?? afterBreak(error);
      }
      if (!(error instanceof AgentError) || signal.aborted) throw error;
      return yield* this.#mend(error, signal);
    }
    this.#compactedForThisRequest = false;
    this.#conversation.noteResponse(result.responseId);
    this.#context.count(result.usage);
    const end = isEndOfAll(result.stop)
      ? yield* this.#conversation.abortOpenCalls()
      : yield* this.#answerCalls(result.calls, signal);
    this.#conversation.mark();
    return end ?? afterResponse(result, this.#model.name);
  }

  async *#answerCalls(
    calls: ResponseResult["calls"],
    signal: AbortSignal,
  ): AsyncGenerator<AgentOutput, Step | undefined> {
    for (const call of calls) {
      const end = yield* answerCall(call, this.#callParts(), signal);
      if (end === "stop" || signal.aborted) {
        yield* this.#conversation.abortOpenCalls();
        return { kind: "end", status: "cancelled" };
      }
    }
    return undefined;
  }

  /** After a request that came to nothing: a shorter one, or another model, where that may help. */
  async *#mend(error: AgentError, signal: AbortSignal): AsyncGenerator<AgentOutput, Step> {
    if (error.code === "context_window_exceeded" && !this.#compactedForThisRequest) {
      this.#compactedForThisRequest = true;
      if (yield* this.#context.shorten(this.#model, signal)) return { kind: "more" };
    }
    const { fallbackModel, selectModel } = this.#options;
    if (fallbackModel === undefined || !isDown(error)) throw error;
    const fallback = await selectModel(fallbackModel);
    if (this.#isCurrent(fallback)) throw error;
    yield* this.#changeModel(fallback, error.message);
    return { kind: "more" };
  }

  async *#pause(faults: number, error: AgentError, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    if ((error.retryAfterMs ?? 0) > MAX_PAUSE_MS) throw error;
    const inMs = error.retryAfterMs ?? (this.#options.brokenPauseMs ?? 1000) * 2 ** (faults - 1);
    yield {
      body: { type: "status", payload: { kind: "retrying", inMs, reason: error.message, attempt: faults } },
    };
    await wait(inMs, signal);
  }

  /** Input that came while the turn ran. A model that cannot be had is told, and the turn goes on with the one it has. */
  async *#takeInbox(inbox: Inbox): AsyncGenerator<AgentOutput> {
    for (let input = inbox.take(); input; input = inbox.take()) {
      let model = this.#model;
      try {
        model = await this.#modelFor(input);
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        yield { body: { type: "error", payload: { message: error.message, details: { code: error.code } } } };
      }
      yield* this.#takeIn(input, model);
    }
  }

  async #modelFor({ model }: UserInput): Promise<Model> {
    return model === undefined ? this.#model : await this.#options.selectModel(model);
  }

  async *#takeIn(input: UserInput, model: Model): AsyncGenerator<AgentOutput> {
    if (!this.#isCurrent(model)) yield* this.#changeModel(model);
    yield* this.#conversation.takeIn(input.items);
  }

  #isCurrent({ name, provider }: Model): boolean {
    return name === this.#model.name && provider === this.#model.provider;
  }

  async *#changeModel(model: Model, reason?: string): AsyncGenerator<AgentOutput> {
    this.#model = model;
    const { name, provider } = model;
    const why = reason === undefined ? {} : { reason };
    yield { body: { type: "status", payload: { kind: "model_changed", model: name, provider, ...why } } };
  }

  async *#takeInWorkspace(): AsyncGenerator<AgentOutput> {
    const text = await this.#options.workspaceInstructions?.();
    if (text === undefined) return;
    yield* this.#conversation.standing(`Instructions from files of the workspace.\n\n${text}`);
  }

  #request(): ModelRequest {
    const { instructions, toolbox, sessionId, approvalPolicy } = this.#options;
    // Where the policy asks, the answer of a person stands between this request and the next.
    const cache = approvalPolicy === "full-auto" ? "minutes" : "hour";
    return { instructions, items: this.#conversation.items, tools: toolbox.specs, sessionId, cache };
  }

  #exchange(): Exchange {
    const { budget } = this.#options;
    const inputTokens = this.#context.tokens;
    return { history: this.#conversation.history, budget, inputTokens, aside: false, tell: this.#tell };
  }

  #callParts(): CallParts {
    const { sessionId, toolbox, toolContext, approvalPolicy, approvalTimeoutMs, budget } = this.#options;
    return {
      toolbox,
      context: toolContext,
      history: this.#conversation.history,
      policy: approvalPolicy,
      grants: this.#grants,
      approvals: this.#approvals,
      approvalTimeoutMs,
      explain: (item, signal) =>
        explainCall(item, { model: this.#model, sessionId, budget, items: this.#conversation.items }, signal),
    };
  }
}

/** After the signal has fired, a request that ends badly was to be expected; a fault of ours was not. */
const isOfAbort = (error: unknown, { reason }: AbortSignal) =>
  error === reason || error instanceof AgentError || (error instanceof Error && error.name === "AbortError");
