import { randomUUID } from "node:crypto";
import type { ResponseItem } from "../../contract/item.ts";
import type { ModelEvent } from "../../contract/model.ts";
import { parseEventData, providerError, streamBroken, type ModelRef } from "../errors.ts";
import type { EventReader } from "../sse.ts";
import { CallBlock, TextBlock } from "./blocks.ts";
import { CallIds } from "./call-ids.ts";
import { Chunk, type FunctionCall, type Part, type UsageMetadata } from "./chunk.ts";
import { failureOf } from "./failure.ts";
import { stopReasonOf, usageOf } from "./finish.ts";
import { originOf } from "./opaque.ts";

/**
 * Google's stream in our words. `conversation` is what was asked with. Ends with `done`, or in silence when Google
 * gave no reason for the end.
 */
export function responseReader(model: ModelRef, conversation: readonly ResponseItem[]): EventReader {
  const response = new ResponseReader(model, conversation);
  return { take: (data) => response.read(chunkOf(model, data)), end: () => response.end() };
}

function chunkOf(model: ModelRef, data: string): Chunk {
  const chunk = Chunk.safeParse(parseEventData(model, data));
  if (!chunk.success) throw streamBroken(model, "an event has an unknown form", chunk.error);
  if (chunk.data.error) throw providerError(model, failureOf(chunk.data.error));
  return chunk.data;
}

/** One response, part by part. At most one block is open: the next part continues it or closes it. */
class ResponseReader {
  readonly #model: ModelRef;
  readonly #callIds: CallIds;
  #open: TextBlock | CallBlock | undefined;
  #nextIndex = 0;
  #hasBegun = false;
  #hasCalls = false;
  #usage: UsageMetadata = {};
  #finishReason: string | undefined;
  #blockReason: string | undefined;
  #responseId: string | undefined;
  #servedModel: string | undefined;

  constructor(model: ModelRef, conversation: readonly ResponseItem[]) {
    this.#model = model;
    this.#callIds = new CallIds(conversation);
  }

  *read(chunk: Chunk): Generator<ModelEvent, void> {
    this.#responseId ??= chunk.responseId ?? undefined;
    this.#servedModel = chunk.modelVersion ?? this.#servedModel;
    this.#blockReason = chunk.promptFeedback?.blockReason ?? this.#blockReason;
    // Each count is a total; chunks before the last may leave some out.
    Object.assign(this.#usage, chunk.usageMetadata);
    if (!this.#hasBegun && this.#usage.promptTokenCount !== undefined) {
      this.#hasBegun = true;
      yield { type: "begun", usage: usageOf(this.#usage) };
    }
    const candidate = chunk.candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) yield* this.#readPart(part);
    // Some models say STOP with every chunk, so the end of the body is awaited.
    const reason = candidate?.finishReason;
    if (reason && reason !== "FINISH_REASON_UNSPECIFIED") this.#finishReason = reason;
  }

  *end(): Generator<ModelEvent, void> {
    const isOver = this.#finishReason !== undefined || this.#blockReason !== undefined;
    if (!isOver) return;
    yield* this.#close(this.#finishReason !== "STOP");
    yield {
      type: "done",
      responseId: this.#responseId ?? randomUUID(),
      stop: this.#stop(),
      usage: usageOf(this.#usage),
      ...(this.#servedModel === undefined ? {} : { servedModel: this.#servedModel }),
    };
  }

  #stop() {
    // A prompt that was blocked has no candidate.
    if (this.#finishReason === undefined) return "content_filter";
    const stop = stopReasonOf(this.#finishReason, this.#hasCalls);
    if (stop !== undefined) return stop;
    if (this.#nextIndex > 0) return this.#hasCalls ? "tool_calls" : "completed";
    throw streamBroken(this.#model, `the response is empty, and ended for the reason ${this.#finishReason}`);
  }

  #readPart(part: Part): Iterable<ModelEvent> {
    if (part.functionCall) return this.#readCall(part.functionCall, part.thoughtSignature);
    if (isText(part)) return this.#readText(part);
    return this.#readOther(part);
  }

  *#readText(part: Part): Generator<ModelEvent, void> {
    const { text = "", thoughtSignature } = part;
    if (text === "" && thoughtSignature === undefined) return;
    const kind = part.thought === true ? "reasoning" : "text";
    if (this.#open?.kind !== kind) {
      // A signature may come on a part of its own, with no text to go with.
      if (text === "") return yield* this.#readOther({ ...part, text });
      yield* this.#close(false);
      this.#open = new TextBlock(kind, this.#nextIndex++);
    }
    this.#open.add(text, thoughtSignature);
    if (text !== "") yield { type: "delta", index: this.#open.index, kind, delta: text };
  }

  *#readCall(call: FunctionCall, signature: string | undefined): Generator<ModelEvent, void> {
    const continues = this.#open?.kind === "call" && call.name === undefined;
    if (!continues) {
      if (isEmpty(call)) return;
      yield* this.#close(false);
      const callId = this.#callIds.next(call.id, this.#responseId);
      this.#open = new CallBlock(this.#nextIndex++, callId);
      this.#hasCalls = true;
    }
    if (this.#open?.kind !== "call") return;
    this.#open.add(call, signature);
    if (this.#open.isComplete) yield* this.#close(false);
  }

  /** What our items have no place for is kept as it came, for Google alone. */
  *#readOther(part: Part): Generator<ModelEvent, void> {
    yield* this.#close(false);
    const origin = originOf(this.#model.name, { part });
    yield { type: "item", index: this.#nextIndex++, item: { type: "provider_item", origin } };
  }

  *#close(isCut: boolean): Generator<ModelEvent, void> {
    if (this.#open === undefined) return;
    const { index } = this.#open;
    const item = this.#open.toItem(this.#model.name, isCut);
    this.#open = undefined;
    yield { type: "item", index, item };
  }
}

const TEXT_FIELDS = new Set(["text", "thought", "thoughtSignature"]);

const isText = (part: Part) => Object.keys(part).every((field) => TEXT_FIELDS.has(field));

const isEmpty = (call: FunctionCall) => Object.keys(call).length === 0;
