import type { Origin, ResponseItem } from "../../../contract/item.ts";
import type { ModelEvent, StopReason, TokenUsage } from "../../../contract/model.ts";
import { parseEventData, providerError, streamBroken, type ModelRef } from "../../errors.ts";
import type { EventReader } from "../../sse.ts";
import { isObjectJson } from "../call-parts.ts";
import { streamFailure } from "../errors.ts";
import { CallPieces, type OpenCall } from "./calls.ts";
import { Chunk, type Delta, type Usage } from "./chunk.ts";

/**
 * Reads a response of chat completions. Its parts have no end of their own, so all items come at the end of the stream.
 * Without `done` when neither a finish reason nor `[DONE]` has come; the caller makes that an error.
 */
export function chatReader(model: ModelRef): EventReader {
  const reader = new ChatReader(model);
  let ended = false;
  const end = () => {
    if (ended) return [];
    ended = true;
    return reader.end();
  };
  return {
    take: (data) => (data === "[DONE]" ? end() : reader.take(chunkOf(model, data))),
    end: () => (reader.finished ? end() : []),
  };
}

function chunkOf(model: ModelRef, data: string): Chunk {
  const chunk = Chunk.safeParse(parseEventData(model, data));
  if (!chunk.success) throw streamBroken(model, "an event has an unknown form", chunk.error);
  if (chunk.data.error) throw providerError(model, streamFailure(chunk.data.error));
  return chunk.data;
}

class ChatReader {
  readonly #origin: Origin;
  readonly #calls = new CallPieces();
  /** Texts by kind, with their place in the order of the response. */
  readonly #texts = new Map<"reasoning" | "content" | "refusal", { index: number; text: string }>();
  #nextIndex = 0;
  #id = "";
  #servedModel: string | undefined;
  #finishReason: string | undefined;
  #usage: Usage | undefined;

  constructor(model: ModelRef) {
    this.#origin = { provider: model.provider, model: model.name };
  }

  get finished(): boolean {
    return this.#finishReason !== undefined;
  }

  take(chunk: Chunk): ModelEvent[] {
    this.#id ||= chunk.id ?? "";
    this.#servedModel ||= chunk.model ?? undefined;
    this.#usage = chunk.usage ?? this.#usage;
    const choice = chunk.choices?.[0];
    this.#finishReason = choice?.finish_reason ?? this.#finishReason;
    return choice?.delta ? this.#delta(choice.delta) : [];
  }

  /** All items, in the order in which they began, and `done`. */
  end(): ModelEvent[] {
    const reasoning = this.#texts.get("reasoning");
    const items: { index: number; item: ResponseItem }[] = [
      ...(reasoning ? [{ index: reasoning.index, item: this.#reasoning(reasoning.text) }] : []),
      ...this.#message(),
      ...this.#calls.all().map((call) => ({ index: call.index, item: this.#call(call) })),
    ];
    items.sort((one, other) => one.index - other.index);
    return [
      ...items.map(({ index, item }): ModelEvent => ({ type: "item", index, item })),
      {
        type: "done",
        responseId: this.#id,
        stop: this.#stop(),
        usage: usageOf(this.#usage),
        ...(this.#servedModel === undefined ? {} : { servedModel: this.#servedModel }),
      },
    ];
  }

  #delta(delta: Delta): ModelEvent[] {
    return [
      ...this.#text("reasoning", delta.reasoning_content || delta.reasoning),
      ...this.#text("content", delta.content),
      ...this.#text("refusal", delta.refusal),
      ...(delta.tool_calls ?? []).flatMap((piece): ModelEvent[] => {
        const { call, added } = this.#calls.take(piece, () => this.#nextIndex++);
        const { index, callId } = call;
        return added === "" ? [] : [{ type: "delta", index, kind: "arguments", delta: added, callId }];
      }),
    ];
  }

  #text(kind: "reasoning" | "content" | "refusal", added: string | null | undefined): ModelEvent[] {
    if (!added) return [];
    // Content and refusal are parts of one message.
    const message =
      kind === "reasoning" ? undefined : (this.#texts.get("content") ?? this.#texts.get("refusal"));
    const known = this.#texts.get(kind) ?? { index: message?.index ?? this.#nextIndex++, text: "" };
    known.text += added;
    this.#texts.set(kind, known);
    return [{ type: "delta", index: known.index, kind: kind === "reasoning" ? kind : "text", delta: added }];
  }

  #reasoning(text: string): ResponseItem {
    return {
      type: "reasoning",
      summary: [],
      content: [{ type: "reasoning_text", text }],
      origin: this.#origin,
    };
  }

  #message(): { index: number; item: ResponseItem }[] {
    const text = this.#texts.get("content");
    const refusal = this.#texts.get("refusal");
    const index = (text ?? refusal)?.index;
    if (index === undefined) return [];
    const item: ResponseItem = {
      type: "message",
      role: "assistant",
      content: [
        ...(text ? [{ type: "output_text" as const, text: text.text }] : []),
        ...(refusal ? [{ type: "refusal" as const, refusal: refusal.text }] : []),
      ],
      status: this.#isCut() ? "incomplete" : "completed",
      origin: this.#origin,
    };
    return [{ index, item }];
  }

  #call({ callId, name, arguments: args }: OpenCall): ResponseItem {
    const incomplete = this.#isCut() && !isObjectJson(args);
    return {
      type: "function_call",
      call_id: callId,
      name,
      // Some servers write nothing for a tool without parameters.
      arguments: args === "" && !incomplete ? "{}" : args,
      status: incomplete ? "incomplete" : "completed",
      origin: this.#origin,
    };
  }

  #isCut(): boolean {
    return this.#finishReason === "length" || this.#finishReason === "content_filter";
  }

  /** Servers often say "stop" where there are calls, so the calls decide. */
  #stop(): StopReason {
    if (this.#finishReason === "length") return "max_output_tokens";
    if (this.#finishReason === "content_filter") return "content_filter";
    if (this.#calls.all().length > 0) return "tool_calls";
    return this.#texts.has("refusal") ? "refusal" : "completed";
  }
}

/** All counts are 0 where a server does not count. */
function usageOf(usage: Usage | undefined): TokenUsage {
  return {
    input_tokens: usage?.prompt_tokens ?? 0,
    cached_input_tokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    cache_write_input_tokens: usage?.prompt_tokens_details?.cache_write_tokens ?? 0,
    output_tokens: usage?.completion_tokens ?? 0,
    reasoning_output_tokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
  };
}
