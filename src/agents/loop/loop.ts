import type { Agent, AgentOutput, ApprovalAnswer, UserInput } from "../../contract/agent.ts";
import { AgentError, type ErrorCode } from "../../contract/error.ts";
import type { LogLine } from "../../contract/log.ts";
import type { ApprovalPolicy, ContextInfo } from "../../contract/message.ts";
import type { Model, ModelRequest, SelectModel } from "../../contract/model.ts";
import type { ToolContext, Toolbox } from "../../contract/tool.ts";
import { Approvals } from "./approvals.ts";
import type { Budget } from "./budget.ts";
import { Context } from "./context/context.ts";
import { Conversation } from "./conversation.ts";
import { explainCall } from "./explain.ts";
import { Grants } from "./policy.ts";
import { afterBreak, afterResponse, type Step, type TurnEnd } from "./step.ts";
import { BrokenResponse, respond, type ResponseResult } from "./turn.ts";
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

/** The agent of the house: asks the model, runs its tools, asks again. */
export class AgentLoop implements Agent {
  readonly #options: LoopOptions;
  readonly #conversation = new Conversation();
  readonly #grants = new Grants();
  readonly #approvals = new Approvals();
  readonly #context: Context;
  #model: Model;
  #inbox: UserInput[] = [];
  #takesInput = false;
  #compactedForThisRequest = false;

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

  async *run(input: UserInput, signal: AbortSignal): AsyncGenerator<AgentOutput, TurnEnd> {
    yield* this.#begin(input);
    this.#takesInput = true;
    try {
      return yield* this.#steps(signal);
    } catch (error) {
      yield* this.#conversation.abortOpenCalls();
      if (signal.aborted) return "cancelled";
      throw error;
    } finally {
      this.#takesInput = false;
      // What a client continues from is the conversation as the turn left it, also when its last request failed.
      this.#conversation.mark();
    }
  }

  steer(input: UserInput): boolean {
    if (!this.#takesInput) return false;
    this.#conversation.checkResponse(input.previousResponseId);
    this.#inbox.push(input);
    return true;
  }

  answer(answer: ApprovalAnswer): void {
    this.#approvals.answer(answer);
  }

  contextInfo(): ContextInfo {
    return this.#context.info(this.#model);
  }

  async *compact(signal: AbortSignal): AsyncGenerator<AgentOutput, void> {
    yield* this.#context.shorten(this.#model, signal);
  }

  async restore(lines: AsyncIterable<LogLine>): Promise<void> {
    const { model, usages } = await this.#conversation.restore(lines);
    for (const usage of usages) this.#options.budget.add(usage, { earlier: true });
    if (model === undefined || model === this.#model.name) return;
    try {
      this.#model = await this.#options.selectModel(model);
    } catch (error) {
      // Its key may be gone since: the conversation goes on with the server's own model.
      if (!(error instanceof AgentError)) throw error;
    }
  }

  /** Takes the input in that opens a turn, after input that the turn before did not come to. */
  async *#begin(input: UserInput): AsyncGenerator<AgentOutput> {
    const { previousResponseId: responseId } = input;
    this.#conversation.checkResponse(responseId);
    const model = await this.#modelFor(input);
    this.#conversation.continueFrom(responseId);
    yield* this.#conversation.abortOpenCalls();
    if (this.#conversation.items.length === 0) yield* this.#takeInWorkspace();
    yield* this.#takeInbox();
    yield* this.#takeIn(input, model);
  }

  async *#steps(signal: AbortSignal): AsyncGenerator<AgentOutput, TurnEnd> {
    let faults = 0;
    for (let step = 0; step < this.#options.maxTurnSteps; step += 1) {
      yield* this.#takeInbox();
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
      if (end.kind === "end" && (end.status === "cancelled" || this.#inbox.length === 0)) {
        // Nothing waits between this check and the return: input that comes now belongs to the next turn.
        this.#takesInput = false;
        return end.status;
      }
    }
    throw new AgentError(
      "turn_limit",
      `The turn was stopped after ${this.#options.maxTurnSteps} requests to the model (MAX_TURN_STEPS). Say "go on" to continue.`,
    );
  }

  /** One request to the model, and the answers to its calls. */
  async *#step(signal: AbortSignal): AsyncGenerator<AgentOutput, Step> {
    signal.throwIfAborted();
    this.#options.budget.check(this.#context.tokens, this.#model.info);
    let result: ResponseResult;
    try {
      result = yield* respond(this.#model, this.#request(), this.#conversation.history, signal);
    } catch (error) {
      if (error instanceof BrokenResponse) {
        return (yield* this.#answerCalls(error.calls, signal)) ?? afterBreak(error);
      }
      if (!(error instanceof AgentError) || signal.aborted) throw error;
      return yield* this.#mend(error, signal);
    }
    this.#compactedForThisRequest = false;
    this.#conversation.respond(result.responseId);
    this.#context.count(result.usage);
    this.#options.budget.add(result.usage);
    const end = yield* this.#answerCalls(result.calls, signal);
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
    if (fallbackModel === undefined || !DOWN.has(error.code) || this.#model.name === fallbackModel)
      throw error;
    yield* this.#changeModel(await selectModel(fallbackModel), error.message);
    return { kind: "more" };
  }

  async *#pause(faults: number, error: AgentError, signal: AbortSignal): AsyncGenerator<AgentOutput> {
    const inMs = error.retryAfterMs ?? (this.#options.brokenPauseMs ?? 1000) * 2 ** (faults - 1);
    yield {
      body: { type: "status", payload: { kind: "retrying", inMs, reason: error.message, attempt: faults } },
    };
    await wait(inMs, signal);
  }

  /** Input that came while the turn ran. A model that cannot be had is told, and the turn goes on with the one it has. */
  async *#takeInbox(): AsyncGenerator<AgentOutput> {
    for (let input = this.#inbox.shift(); input; input = this.#inbox.shift()) {
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
    if (model.name !== this.#model.name || model.provider !== this.#model.provider) {
      yield* this.#changeModel(model);
    }
    yield* this.#conversation.takeIn(input.items);
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
    const said = `Instructions from files of the workspace.\n\n${text}`;
    yield* this.#conversation.takeIn([
      { type: "message", role: "user", content: [{ type: "input_text", text: said }] },
    ]);
  }

  #request(): ModelRequest {
    const { instructions, toolbox, sessionId } = this.#options;
    return { instructions, items: this.#conversation.items, tools: toolbox.specs, sessionId };
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

/** Errors after which another provider may still answer; the model's own retries are behind us. */
const DOWN: ReadonlySet<ErrorCode> = new Set([
  "provider_rate_limited",
  "provider_overloaded",
  "provider_unreachable",
  "provider_stream_broken",
]);
