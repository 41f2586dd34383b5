import type { Agent, AgentOutput, ApprovalAnswer, UserInput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { ResponseItem } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import type { ApprovalPolicy, ContextInfo } from "../../contract/message.ts";
import type { Model, ModelRequest, SelectModel } from "../../contract/model.ts";
import type { ToolContext, Toolbox } from "../../contract/tool.ts";
import { Approvals } from "./approvals.ts";
import { Context } from "./context/context.ts";
import { explainCall } from "./explain.ts";
import { History, unrunOutput } from "./history.ts";
import { mintItemId } from "./ids.ts";
import { Grants } from "./policy.ts";
import { restoreHistory } from "./restore.ts";
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
  /** Pause before a broken response is asked for again; doubles each time. */
  brokenPauseMs?: number;
}

/** Answers in a row that may break off or be unreadable before the turn is given up. */
const MAX_FAULTS = 3;

/** The agent of the house: asks the model, runs its tools, asks again. */
export class AgentLoop implements Agent {
  readonly #options: LoopOptions;
  readonly #history = new History();
  readonly #grants = new Grants();
  readonly #approvals = new Approvals();
  readonly #context: Context;
  #model: Model;
  #inbox: UserInput[] = [];
  #takesInput = false;
  #compactedForThisRequest = false;
  #lastResponseId: string | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#model = options.model;
    const overhead = options.instructions.length + JSON.stringify(options.toolbox.specs).length;
    this.#context = new Context(this.#history, {
      ...options.context,
      sessionId: options.sessionId,
      overhead,
    });
  }

  get provider() {
    return this.#model.provider;
  }

  get lastResponseId() {
    return this.#lastResponseId;
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
      yield* this.#abortOpenCalls();
      if (signal.aborted) return "cancelled";
      throw error;
    } finally {
      this.#takesInput = false;
      // What a client continues from is the conversation as the turn left it, also when its last request failed.
      if (this.#lastResponseId !== undefined) this.#history.markResponse(this.#lastResponseId);
    }
  }

  steer(input: UserInput): boolean {
    if (!this.#takesInput) return false;
    this.#checkResponse(input.previousResponseId);
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
    const { lastResponseId, model } = await restoreHistory(lines, this.#history);
    this.#lastResponseId = lastResponseId;
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
    this.#checkResponse(responseId);
    const model = input.model === undefined ? this.#model : await this.#options.selectModel(input.model);
    if (responseId !== undefined && this.#history.rewind(responseId)) this.#lastResponseId = responseId;
    yield* this.#abortOpenCalls();
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
        if (end.note !== undefined) yield* this.#note(end.note);
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
    let result: ResponseResult;
    try {
      result = yield* respond(this.#model, this.#request(), this.#history, signal);
    } catch (error) {
      if (error instanceof BrokenResponse) {
        return (yield* this.#answerCalls(error.calls, signal)) ?? afterBreak(error);
      }
      if (isTooLong(error) && !this.#compactedForThisRequest)
        return yield* this.#compactAndRetry(error, signal);
      throw error;
    }
    this.#compactedForThisRequest = false;
    this.#lastResponseId = result.responseId;
    this.#context.count(result.usage);
    const end = yield* this.#answerCalls(result.calls, signal);
    this.#history.markResponse(result.responseId);
    return end ?? afterResponse(result, this.#model.name);
  }

  async *#answerCalls(
    calls: ResponseResult["calls"],
    signal: AbortSignal,
  ): AsyncGenerator<AgentOutput, Step | undefined> {
    for (const call of calls) {
      const end = yield* answerCall(call, this.#callParts(), signal);
      if (end === "stop" || signal.aborted) {
        yield* this.#abortOpenCalls();
        return { kind: "end", status: "cancelled" };
      }
    }
    return undefined;
  }

  async *#compactAndRetry(error: AgentError, signal: AbortSignal): AsyncGenerator<AgentOutput, Step> {
    this.#compactedForThisRequest = true;
    if (!(yield* this.#context.shorten(this.#model, signal))) throw error;
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
      try {
        yield* this.#takeIn(
          input,
          input.model === undefined ? this.#model : await this.#options.selectModel(input.model),
        );
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        yield { body: { type: "error", payload: { message: error.message, details: { code: error.code } } } };
        yield* this.#takeIn(input, this.#model);
      }
    }
  }

  async *#takeIn(input: UserInput, model: Model): AsyncGenerator<AgentOutput> {
    if (model.name !== this.#model.name || model.provider !== this.#model.provider) {
      this.#model = model;
      yield {
        body: {
          type: "status",
          payload: { kind: "model_changed", model: model.name, provider: model.provider },
        },
      };
    }
    for (const message of input.items) yield* this.#add({ ...message, id: mintItemId("message") });
  }

  async *#abortOpenCalls(): AsyncGenerator<AgentOutput> {
    for (const call of this.#history.openCalls()) yield* this.#add(unrunOutput(call, "aborted"));
  }

  /** Tells the model something that nobody said. */
  async *#note(text: string): AsyncGenerator<AgentOutput> {
    yield* this.#add({
      type: "message",
      id: mintItemId("message"),
      role: "system",
      content: [{ type: "input_text", text }],
    });
  }

  async *#add(item: ResponseItem): AsyncGenerator<AgentOutput> {
    this.#history.append(item);
    yield { body: { type: "response_item", payload: item } };
  }

  #checkResponse(responseId: string | undefined): void {
    if (
      responseId === undefined ||
      this.#history.items.length === 0 ||
      this.#history.knowsResponse(responseId)
    )
      return;
    throw new AgentError(
      "unknown_response",
      `previousResponseId ${responseId} is no response of this session, or lies before a compaction of its context.`,
    );
  }

  #request(): ModelRequest {
    const { instructions, toolbox, sessionId } = this.#options;
    return { instructions, items: this.#history.items, tools: toolbox.specs, sessionId };
  }

  #callParts(): CallParts {
    const { sessionId, toolbox, toolContext, approvalPolicy, approvalTimeoutMs } = this.#options;
    return {
      toolbox,
      context: toolContext,
      history: this.#history,
      policy: approvalPolicy,
      grants: this.#grants,
      approvals: this.#approvals,
      approvalTimeoutMs,
      explain: (item, signal) =>
        explainCall(item, { model: this.#model, sessionId, items: this.#history.items }, signal),
    };
  }
}

const isTooLong = (error: unknown): error is AgentError =>
  error instanceof AgentError && error.code === "context_window_exceeded";
