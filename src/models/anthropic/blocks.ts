import type { Origin, ResponseItem } from "../../contract/item.ts";
import type { ModelEvent } from "../../contract/model.ts";
import { parseArguments } from "./arguments.ts";
import type { Block, Delta } from "./wire.ts";

type Told = Pick<Extract<ModelEvent, { type: "delta" }>, "kind" | "delta" | "callId">;

/** Which field of a block each type of delta adds to. */
const FIELDS = new Map<string, "text" | "thinking" | "signature" | "content">([
  ["text_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "signature"],
  ["compaction_delta", "content"],
]);

/** One content block while it streams. */
export class OpenBlock {
  readonly #block: Block;
  #json = "";

  constructor(block: Block) {
    this.#block = block;
  }

  /** What a block tells right at its start. Some gateways put the whole text there. */
  started(): Told | undefined {
    if (this.#block.type === "text") return told("text", textOf(this.#block["text"]));
    if (this.#block.type === "thinking") return told("reasoning", textOf(this.#block["thinking"]));
    return undefined;
  }

  /** Adds a delta and returns what it tells. Types that are new to us tell nothing and change nothing. */
  add(delta: Delta): Told | undefined {
    if (delta.type === "input_json_delta") return this.#addJson(delta.partial_json ?? "");
    const field = FIELDS.get(delta.type);
    if (field === undefined) return undefined;
    const more = delta[field] ?? "";
    this.#block[field] = textOf(this.#block[field]) + more;
    if (field === "text") return told("text", more);
    return field === "thinking" ? told("reasoning", more) : undefined;
  }

  /** The item of the block; undefined when there is nothing to keep. `whole`: the provider has ended the block. */
  item(origin: Origin, whole: boolean): ResponseItem | undefined {
    const block = this.#block;
    switch (block.type) {
      case "text": {
        const text = textOf(block["text"]);
        const status = whole ? "completed" : "incomplete";
        if (text === "") return undefined;
        return {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text }],
          status,
          origin,
        };
      }
      case "thinking":
      case "redacted_thinking": {
        const text = textOf(block["thinking"]);
        const summary = text === "" ? [] : [{ type: "summary_text" as const, text }];
        // Without its end a block has no signature, and would be refused.
        return { type: "reasoning", summary, origin: whole ? { ...origin, opaque: block } : origin };
      }
      case "tool_use":
        return this.#call(origin, whole);
      default: {
        if (!whole) return undefined;
        const input = parseArguments(this.#json);
        return { type: "provider_item", origin: { ...origin, opaque: input ? { ...block, input } : block } };
      }
    }
  }

  #call(origin: Origin, whole: boolean): ResponseItem {
    // A tool without parameters streams no arguments; some gateways give them whole with the start.
    const json = this.#json === "" && whole ? JSON.stringify(this.#block["input"] ?? {}) : this.#json;
    return {
      type: "function_call",
      call_id: textOf(this.#block["id"]),
      name: textOf(this.#block["name"]),
      arguments: json,
      status: whole && parseArguments(json) ? "completed" : "incomplete",
      origin,
    };
  }

  #addJson(more: string): Told | undefined {
    this.#json += more;
    if (this.#block.type !== "tool_use") return undefined;
    return told("arguments", more, textOf(this.#block["id"]));
  }
}

function told(kind: Told["kind"], delta: string, callId?: string): Told | undefined {
  if (delta === "") return undefined;
  return callId === undefined ? { kind, delta } : { kind, delta, callId };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
