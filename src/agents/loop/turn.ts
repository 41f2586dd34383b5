import type { AgentOutput } from "../../contract/agent.ts";
import { AgentError, type ErrorCode } from "../../contract/error.ts";
import type { FunctionCallItem, ResponseItem, Usage } from "../../contract/item.ts";
import type { ResponseDelta } from "../../contract/message.ts";
import type { Model, ModelDelta, ModelEvent, ModelRequest, StopReason } from "../../contract/model.ts";
import { Bill } from "./bill.ts";
import type { Budget } from "./budget.ts";
import type { History } from "./history.ts";
import { mintCallId, mintItemId } from "./ids.ts";

/** What one model response came to. Its items are in the history already. */
export interface ResponseResult {
  calls: FunctionCallItem[];
  hasText: boolean;
  stop: StopReason;
  responseId: string;
  usage: Usage;
}

/** The stream broke after finished items had come: those stay, the rest is to be asked again. */
export class BrokenResponse extends Error {
  readonly error: AgentError;
  readonly calls: FunctionCallItem[];

  constructor(error: AgentError, calls: FunctionCallItem[]) {
    super(error.message, { cause: error });
    this.error = error;
    this.calls = calls;
  }
}

/** What a response goes into, and what it is paid from. */
export interface Exchange {
  history: History;
  budget: Budget;
  /** What the request takes, by the best estimate. */
  inputTokens: number;
  /** No part of the conversation. */
  aside: boolean;
  /** Takes the deltas, which are yielded without it. */
  tell?: ((delta: ResponseDelta) => void) | undefined;
}

/**
 * Streams one response of the model: its deltas and finished items go out as they come, finished items into the
 * history, and what it took is taken from the budget. When the signal fires, the text so far becomes an incomplete
 * item, and the signal's reason is thrown. Throws `budget_exceeded` before a request that is too dear, and before a
 * retry.
 */
export async function* respond(
  model: Model,
  request: ModelRequest,
  exchange: Exchange,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, ResponseResult> {
  const { history, aside, tell } = exchange;
  const bill = new Bill(model, exchange);
  const items = new ItemNames(history);
  const calls: FunctionCallItem[] = [];
  let finished = 0;
  let hasText = false;
  try {
    const take = (delta: ModelDelta) => {
      bill.take(delta);
      tell?.(items.delta(delta));
    };
    for await (const event of model.stream(request, signal, tell && take)) {
      bill.take(event);
      switch (event.type) {
        case "begun":
          break;
        case "delta":
          yield { body: { type: "response_delta", payload: items.delta(event) } };
          break;
        case "item": {
          const item = items.finish(event);
          history.append(item);
          finished += 1;
          if (item.type === "function_call") calls.push(item);
          if (item.type === "message") hasText = true;
          yield { body: { type: "response_item", payload: item } };
          break;
        }
        case "retry": {
          const { inMs, reason, attempt, code } = event;
          items.forgetUnfinished();
          yield* bill.lost(code);
          bill.open(inMs);
          yield { body: { type: "status", payload: { kind: "retrying", inMs, reason, attempt } } };
          break;
        }
        case "done": {
          const usage = bill.done(event.usage);
          yield responseFinished(model, event, { usage, aside });
          return { calls, hasText, stop: event.stop, responseId: event.responseId, usage };
        }
      }
    }
  } catch (error) {
    const unfinished = signal.aborted ? items.unfinishedText(model) : undefined;
    if (unfinished) {
      history.append(unfinished);
      yield { body: { type: "response_item", payload: unfinished } };
    }
    yield* bill.lost(endOf(error, signal));
    const isBroken = !signal.aborted && error instanceof AgentError && error.retryable === true;
    throw isBroken && finished > 0 ? new BrokenResponse(error, calls) : error;
  } finally {
    bill.close();
  }
  throw new AgentError(
    "provider_stream_broken",
    `${model.name} ended its answer without saying that it was done.`,
  );
}

const endOf = (error: unknown, signal: AbortSignal): ErrorCode | "aborted" => {
  if (signal.aborted) return "aborted";
  return error instanceof AgentError ? error.code : "internal";
};

function responseFinished(
  model: Model,
  done: Extract<ModelEvent, { type: "done" }>,
  { usage, aside }: { usage: Usage; aside: boolean },
): AgentOutput {
  const { responseId, stop, servedModel } = done;
  const { provider, name } = model;
  const what = { responseId, provider, model: name, usage, ...(aside && { aside }) };
  return {
    body: { type: "status", payload: { kind: "response_finished", ...what } },
    audit: {
      response: {
        provider,
        requested_model: name,
        ...(servedModel !== undefined && { served_model: servedModel }),
        response_id: responseId,
        stop,
        usage,
      },
    },
  };
}

const ITEM_OF_DELTA = { text: "message", reasoning: "reasoning", arguments: "function_call" } as const;

/** Gives the items of one response their ids, and its calls an id that no other call of the conversation has. */
class ItemNames {
  readonly #history: History;
  readonly #ids = new Map<number, string>();
  /** By index of the item, as a response may use one id twice. */
  readonly #callIds = new Map<number, string>();
  /** Text of the items that have begun and not finished. */
  readonly #texts = new Map<number, string>();

  constructor(history: History) {
    this.#history = history;
  }

  delta({ index, kind, delta, callId }: ModelDelta): ResponseDelta {
    if (kind === "text") this.#texts.set(index, (this.#texts.get(index) ?? "") + delta);
    const itemId = this.#id(index, ITEM_OF_DELTA[kind]);
    return callId === undefined
      ? { itemId, kind, delta }
      : { itemId, kind, delta, callId: this.#callId(index, callId) };
  }

  finish({ index, item }: Extract<ModelEvent, { type: "item" }>): ResponseItem {
    this.#texts.delete(index);
    const named = { ...item, id: this.#id(index, item.type) };
    return named.type === "function_call" ? { ...named, call_id: this.#callId(index, named.call_id) } : named;
  }

  /** The response is asked for again: what comes is not what had begun. */
  forgetUnfinished(): void {
    this.#ids.clear();
    this.#callIds.clear();
    this.#texts.clear();
  }

  unfinishedText(model: Model): ResponseItem | undefined {
    const [unfinished] = this.#texts;
    if (!unfinished || unfinished[1].trim() === "") return undefined;
    const [index, text] = unfinished;
    return {
      type: "message",
      id: this.#id(index, "message"),
      role: "assistant",
      content: [{ type: "output_text", text }],
      status: "incomplete",
      origin: { provider: model.provider, model: model.name },
    };
  }

  #id(index: number, type: ResponseItem["type"]): string {
    const known = this.#ids.get(index);
    if (known !== undefined) return known;
    const id = mintItemId(type);
    this.#ids.set(index, id);
    return id;
  }

  #callId(index: number, original: string): string {
    const known = this.#callIds.get(index);
    if (known !== undefined) return known;
    const isTaken = this.#history.hasCall(original) || [...this.#callIds.values()].includes(original);
    const callId = isTaken ? mintCallId() : original;
    this.#callIds.set(index, callId);
    return callId;
  }
}
