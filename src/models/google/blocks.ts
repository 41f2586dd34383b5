import type { FunctionCallItem, MessageItem, ReasoningItem } from "../../contract/item.ts";
import type { FunctionCall } from "./chunk.ts";
import { originOf, type Opaque, type SignedSpan } from "./opaque.ts";
import { PartialArgs } from "./partial-args.ts";

/** An answer or a thought that grows part by part. */
export class TextBlock {
  readonly kind: "text" | "reasoning";
  readonly index: number;
  #text = "";
  readonly #signed: SignedSpan[] = [];

  constructor(kind: "text" | "reasoning", index: number) {
    this.kind = kind;
    this.index = index;
  }

  add(text: string, signature: string | undefined): void {
    const from = this.#text.length;
    this.#text += text;
    if (signature !== undefined) this.#signed.push({ from, to: this.#text.length, signature });
  }

  toItem(model: string, isCut: boolean): MessageItem | ReasoningItem {
    const origin = originOf(model, this.#signed.length === 0 ? {} : { signed: this.#signed });
    if (this.kind === "reasoning") {
      return { type: "reasoning", summary: [{ type: "summary_text", text: this.#text }], origin };
    }
    return {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: this.#text }],
      status: isCut ? "incomplete" : "completed",
      origin,
    };
  }
}

/** A call, whole in one part or in pieces. */
export class CallBlock {
  readonly kind = "call";
  readonly index: number;
  readonly #callId: string;
  #name = "";
  readonly #args = new PartialArgs();
  readonly #opaque: Opaque = {};
  #isComplete = false;

  constructor(index: number, callId: string) {
    this.index = index;
    this.#callId = callId;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  add(call: FunctionCall, signature: string | undefined): void {
    if (call.name !== undefined) this.#name = call.name;
    if (call.id !== undefined) this.#opaque.callId = call.id;
    if (signature !== undefined) this.#opaque.signature = signature;
    if (call.args) this.#args.addAll(call.args);
    for (const piece of call.partialArgs ?? []) this.#args.add(piece);
    this.#isComplete = call.willContinue !== true;
  }

  toItem(model: string): FunctionCallItem {
    return {
      type: "function_call",
      call_id: this.#callId,
      name: this.#name,
      arguments: this.#args.toJson(),
      status: this.#isComplete && this.#args.isWhole ? "completed" : "incomplete",
      origin: originOf(model, this.#opaque),
    };
  }
}
