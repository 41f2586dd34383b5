import type { AgentOutput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { FunctionCallItem, ResponseItem, Usage } from "../../contract/item.ts";
import type { Model, ModelEvent, ModelRequest, StopReason } from "../../contract/model.ts";
import { priced } from "./cost.ts";
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

/**
 * Streams one response of the model: its deltas and finished items go out as they come, finished items into the
 * history. When the signal fires, the text so far becomes an incomplete item, and the signal's reason is thrown.
 */
export async function* respond(
  model: Model,
  request: ModelRequest,
  history: History,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, ResponseResult> {
  const items = new ItemNames(history);
  const calls: FunctionCallItem[] = [];
  let finished = 0;
  let hasText = false;
  try {
    for await (const event of model.stream(request, signal)) {
      if (event.type === "done") {
        const usage = priced(event.usage, model.info);
        yield responseFinished(model, event, usage);
        return { calls, hasText, stop: event.stop, responseId: event.responseId, usage };
      }
      if (event.type === "item") {
        const item = items.finish(event);
        history.append(item);
        finished += 1;
        if (item.type === "function_call") calls.push(item);
        if (item.type === "message") hasText = true;
        yield { body: { type: "response_item", payload: item } };
      } else if (event.type === "delta") {
        yield items.delta(event);
      } else {
        const { inMs, reason, attempt } = event;
        items.forgetUnfinished();
        yield { body: { type: "status", payload: { kind: "retrying", inMs, reason, attempt } } };
      }
    }
  } catch (error) {
    if (signal.aborted) {
      const item = items.unfinishedText(model);
      if (item) {
        history.append(item);
        yield { body: { type: "response_item", payload: item } };
      }
    } else if (finished > 0 && error instanceof AgentError && error.retryable === true) {
      throw new BrokenResponse(error, calls);
    }
    throw error;
  }
  throw new AgentError(
    "provider_stream_broken",
    `${model.name} ended its answer without saying that it was done.`,
  );
}

function responseFinished(
  model: Model,
  done: Extract<ModelEvent, { type: "done" }>,
  usage: Usage,
): AgentOutput {
  const { responseId, stop, servedModel } = done;
  const { provider, name } = model;
  return {
    body: {
      type: "status",
      payload: { kind: "response_finished", responseId, provider, model: name, usage },
    },
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

type Delta = Extract<ModelEvent, { type: "delta" }>;

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

  delta({ index, kind, delta, callId }: Delta): AgentOutput {
    if (kind === "text") this.#texts.set(index, (this.#texts.get(index) ?? "") + delta);
    const itemId = this.#id(index, ITEM_OF_DELTA[kind]);
    const payload = {
      itemId,
      kind,
      delta,
      ...(callId !== undefined && { callId: this.#callId(index, callId) }),
    };
    return { body: { type: "response_delta", payload } };
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
