import type { Origin, ResponseItem } from "../../contract/item.ts";
import type { ModelEvent } from "../../contract/model.ts";
import { providerError, streamBroken, type ModelRef } from "../errors.ts";
import type { EventReader } from "../sse.ts";
import { OpenBlock } from "./blocks.ts";
import { stopReasonOf, UsageCount } from "./usage.ts";
import {
  readEvent,
  type Block,
  type Delta,
  type MessageDelta,
  type MessageStart,
  type StreamEvent,
} from "./wire.ts";

/** HTTP status of each type of error, for those that come as an event after status 200. */
const STATUS_OF_ERROR: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

const CUT_SHORT = new Set(["max_tokens", "model_context_window_exceeded"]);

/** The provider's events as ours. Without `done` where the provider ended without `message_stop`. */
export function responseReader(model: ModelRef): EventReader {
  const response = new StreamedResponse(model);
  return {
    take(data) {
      const event = readEvent(model, data);
      return event ? response.take(event) : [];
    },
  };
}

interface HeldItem {
  index: number;
  item: ResponseItem;
}

/**
 * A response while it streams. Text is passed on as soon as it is finished. Reasoning and calls wait until something
 * after them is finished or the response has ended: reasoning is worth nothing without what it led to, a call is
 * complete only when the response is, and a gateway that starts its response over voids both.
 */
class StreamedResponse {
  readonly #model: ModelRef;
  readonly #origin: Origin;
  #id: string | undefined;
  #servedModel: string | undefined;
  #usage = new UsageCount();
  #stop: MessageDelta["delta"] = {};
  #open = new Map<number, OpenBlock>();
  #held: HeldItem[] = [];
  #passedItem = false;
  #hasCalls = false;
  /** Added to the provider's indexes, so that a response that was started over uses none of them twice. */
  #base = 0;
  #next = 0;

  constructor(model: ModelRef) {
    this.#model = model;
    this.#origin = { provider: "anthropic", model: model.name };
  }

  *take(event: StreamEvent): Generator<ModelEvent, void> {
    switch (event.type) {
      case "message_start":
        this.#start(event);
        yield { type: "begun", usage: this.#usage.total() };
        return;
      case "content_block_start":
        return yield* this.#startBlock(this.#base + event.index, event.content_block);
      case "content_block_delta":
        return yield* this.#addToBlock(this.#base + event.index, event.delta);
      case "content_block_stop":
        return yield* this.#endBlock(this.#base + event.index, true);
      case "message_delta":
        this.#usage.update(event.usage);
        this.#stop = event.delta;
        return;
      case "message_stop":
        return yield* this.#finish();
      case "error":
        throw providerError(this.#model, {
          status: STATUS_OF_ERROR[event.error.type],
          message: event.error.message,
          providerCode: event.error.type,
        });
    }
  }

  #start({ message }: MessageStart): void {
    if (this.#passedItem) throw streamBroken(this.#model, "it started over after a part was finished");
    this.#id = message.id;
    this.#servedModel = message.model;
    this.#usage = new UsageCount();
    this.#usage.update(message.usage);
    this.#stop = {};
    this.#open.clear();
    this.#held = [];
    this.#hasCalls = false;
    this.#base = this.#next;
  }

  *#startBlock(index: number, block: Block): Generator<ModelEvent, void> {
    const open = new OpenBlock(block);
    this.#open.set(index, open);
    this.#next = Math.max(this.#next, index + 1);
    const told = open.started();
    if (told) yield { type: "delta", index, ...told };
  }

  *#addToBlock(index: number, delta: Delta): Generator<ModelEvent, void> {
    const told = this.#open.get(index)?.add(delta);
    if (told) yield { type: "delta", index, ...told };
  }

  *#endBlock(index: number, whole: boolean): Generator<ModelEvent, void> {
    const item = this.#open.get(index)?.item(this.#origin, whole);
    this.#open.delete(index);
    if (!item) return;
    this.#hasCalls ||= item.type === "function_call";
    this.#held.push({ index, item });
    if (item.type !== "reasoning" && item.type !== "function_call") yield* this.#passOn();
  }

  *#passOn(): Generator<ModelEvent, void> {
    for (const held of this.#held.splice(0)) {
      this.#passedItem = true;
      yield { type: "item", ...held };
    }
  }

  *#finish(): Generator<ModelEvent, void> {
    if (this.#id === undefined) return;
    for (const index of this.#open.keys()) yield* this.#endBlock(index, false);
    const reason = this.#stop.stop_reason ?? "";
    const explanation = this.#stop.stop_details?.explanation;
    const isSilent = !this.#passedItem && !this.#hasCalls;
    if (CUT_SHORT.has(reason)) this.#doubtLastCall();
    yield* this.#passOn();
    if (reason === "refusal" && isSilent && explanation) yield* this.#refuse(explanation);
    yield {
      type: "done",
      responseId: this.#id,
      stop: stopReasonOf(reason, this.#hasCalls),
      usage: this.#usage.total(),
      ...(this.#servedModel === undefined ? {} : { servedModel: this.#servedModel }),
    };
  }

  /** A limit may be reached before the first argument, and the call then looks like one that has none. */
  #doubtLastCall(): void {
    const last = this.#held.at(-1)?.item;
    if (last?.type === "function_call" && last.arguments === "{}") last.status = "incomplete";
  }

  /** A refusal without a word of the model: the provider's explanation is all there is to show. */
  *#refuse(refusal: string): Generator<ModelEvent, void> {
    const index = this.#next;
    yield { type: "delta", index, kind: "text", delta: refusal };
    const content = [{ type: "refusal" as const, refusal }];
    yield {
      type: "item",
      index,
      item: { type: "message", role: "assistant", content, status: "completed", origin: this.#origin },
    };
  }
}
