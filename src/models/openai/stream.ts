import type { Origin, ResponseItem } from "../../contract/item.ts";
import type { ModelEvent, ToolSpec } from "../../contract/model.ts";
import { parseEventData, providerError, streamBroken, type ModelRef } from "../errors.ts";
import type { EventReader } from "../sse.ts";
import { streamFailure } from "./errors.ts";
import { ItemHead, OutputItem, ResponseHead, StreamEvent } from "./events.ts";
import { toItem } from "./items.ts";
import { isWrapper, unpack } from "./parallel-calls.ts";
import { stopOf, usageOf } from "./response-end.ts";

/** Reads a response of the Responses API. Without `done` at the end where the provider does not say it. */
export function responsesReader(model: ModelRef, tools: readonly ToolSpec[]): EventReader {
  const reader = new ResponseReader(model, tools);
  return {
    take(data) {
      if (data === "[DONE]") return [];
      const event = StreamEvent.safeParse(parseEventData(model, data));
      // Without a type it is no event that we could need.
      return event.success ? reader.take(event.data) : [];
    },
  };
}

/** An item that has begun, with what its deltas have told. */
interface OpenItem {
  index: number;
  type: string;
  callId: string | undefined;
  name: string;
  text: string;
  refusal: string;
  arguments: string;
}

/** Items are known by their place in the output: gateways change an item's id from event to event. */
class ResponseReader {
  readonly #model: ModelRef;
  readonly #origin: Origin;
  readonly #tools: readonly ToolSpec[];
  readonly #open = new Map<number, OpenItem>();
  readonly #items: ResponseItem[] = [];
  #nextIndex = 0;

  constructor(model: ModelRef, tools: readonly ToolSpec[]) {
    this.#model = model;
    this.#origin = { provider: model.provider, model: model.name };
    this.#tools = tools;
  }

  take(event: StreamEvent): ModelEvent[] {
    const { output_index: place = 0, delta = "" } = event;
    switch (event.type) {
      case "response.output_item.added":
        this.#begin(place, event.item);
        return [];
      case "response.output_text.delta":
        this.#itemAt(place, "message").text += delta;
        return this.#delta(place, "text", delta);
      case "response.refusal.delta":
        this.#itemAt(place, "message").refusal += delta;
        return this.#delta(place, "text", delta);
      case "response.reasoning_summary_part.added":
        return event.summary_index ? this.#delta(place, "reasoning", "\n\n") : [];
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        return this.#delta(place, "reasoning", delta);
      case "response.function_call_arguments.delta":
        this.#itemAt(place, "function_call").arguments += delta;
        return this.#delta(place, "arguments", delta);
      case "response.output_item.done":
        return this.#finish(place, event.item);
      case "response.completed":
      case "response.incomplete":
        return this.#end(event);
      case "response.failed":
        throw providerError(this.#model, streamFailure(event.response));
      case "error":
        throw providerError(this.#model, streamFailure(event));
    }
    return [];
  }

  #begin(place: number, item: unknown): void {
    const { data: head } = ItemHead.safeParse(item);
    const open = this.#itemAt(place, head?.type ?? "");
    open.callId = head?.call_id;
    open.name = head?.name ?? "";
  }

  #itemAt(place: number, type: string): OpenItem {
    let item = this.#open.get(place);
    if (!item) {
      item = {
        index: this.#nextIndex++,
        type,
        callId: undefined,
        name: "",
        text: "",
        refusal: "",
        arguments: "",
      };
      this.#open.set(place, item);
    }
    return item;
  }

  #delta(place: number, kind: "text" | "reasoning" | "arguments", delta: string): ModelEvent[] {
    const { index, callId, name } = this.#itemAt(place, kind === "reasoning" ? "reasoning" : "");
    // The calls within a wrapper are told when they are unpacked.
    if (delta === "" || isWrapper(name, this.#tools)) return [];
    return [{ type: "delta", index, kind, delta, ...(callId === undefined ? {} : { callId }) }];
  }

  #finish(place: number, raw: unknown): ModelEvent[] {
    const parsed = OutputItem.safeParse(raw);
    if (!parsed.success) throw streamBroken(this.#model, "an item has an unknown form", parsed.error);
    const open = this.#itemAt(place, parsed.data.type);
    this.#open.delete(place);
    const item = toItem(parsed.data, this.#origin);
    if (item === undefined) return [];
    if (item.type === "function_call" && isWrapper(item.name, this.#tools)) {
      return unpack(item).flatMap((call) => this.#tell(this.#nextIndex++, call));
    }
    const untold = item.type === "message" && open.text + open.refusal === "" ? textOf(item) : "";
    const delta: ModelEvent[] =
      untold === "" ? [] : [{ type: "delta", index: open.index, kind: "text", delta: untold }];
    return [...delta, ...this.#tell(open.index, item)];
  }

  #tell(index: number, item: ResponseItem): ModelEvent[] {
    this.#items.push(item);
    return [{ type: "item", index, item }];
  }

  #end(event: StreamEvent): ModelEvent[] {
    const { data: response } = ResponseHead.safeParse(event.response);
    const incomplete = event.type === "response.incomplete";
    const items = [...this.#open.values()].flatMap((open) => this.#cutOff(open));
    this.#open.clear();
    return [
      ...items,
      {
        type: "done",
        responseId: response?.id ?? "",
        stop: stopOf(this.#items, incomplete ? (response?.incomplete_details?.reason ?? "") : undefined),
        usage: usageOf(response?.usage),
        ...(response?.model ? { servedModel: response.model } : {}),
      },
    ];
  }

  /** What had begun when the response ended: a filter stops it without finishing its items. */
  #cutOff({ index, type, callId, name, text, refusal, arguments: args }: OpenItem): ModelEvent[] {
    const status = "incomplete" as const;
    const content = [
      ...(text === "" ? [] : [{ type: "output_text" as const, text }]),
      ...(refusal === "" ? [] : [{ type: "refusal" as const, refusal }]),
    ];
    if (type === "message" && content.length > 0) {
      return this.#tell(index, { type, role: "assistant", content, status, origin: this.#origin });
    }
    if (type !== "function_call" || callId === undefined) return [];
    return this.#tell(index, { type, call_id: callId, name, arguments: args, status, origin: this.#origin });
  }
}

function textOf({ content }: Extract<ResponseItem, { type: "message" }>): string {
  const texts = content.map((part) => {
    if (part.type === "refusal") return part.refusal;
    return part.type === "output_text" ? part.text : "";
  });
  return texts.join("");
}
