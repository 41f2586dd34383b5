import type { Content, Part } from "@google/genai";
import { z } from "zod";
import type {
  FunctionCallItem,
  FunctionCallOutputItem,
  MessageItem,
  ProviderItem,
  ResponseItem,
} from "../../contract/item.ts";
import { opaqueFor } from "./opaque.ts";
import { answerParts, contentParts, systemParts, thoughtParts } from "./parts.ts";

export interface ContentsOptions {
  /** As in the origin of its items. */
  model: string;
  needsSignatures: boolean;
}

/** Documented by Google for calls that the model did not write itself: another provider's, or another model's. */
const FOREIGN_CALL_SIGNATURE = "skip_thought_signature_validator";

const OPENING: Part = { text: "(The conversation before this point is not shown.)" };
const CONTINUE: Part = { text: "Continue from where you stopped." };

/** The conversation as Google takes it: calls of a step in one content of the model, their responses in the next. */
export function toContents(items: readonly ResponseItem[], options: ContentsOptions): Content[] {
  const contents = new Contents(options, outputsByCall(items));
  for (const item of items) {
    switch (item.type) {
      case "message":
        contents.message(item);
        break;
      case "reasoning":
        contents.model(thoughtParts(item, options.model));
        break;
      case "function_call":
        contents.call(item);
        break;
      case "function_call_output":
        contents.answerCalls();
        break;
      case "provider_item":
        contents.model(ownPart(item, options.model));
        break;
    }
  }
  return contents.finish();
}

/** In order, for a `call_id` may be used twice by a provider that counts from 0 in each response. */
function outputsByCall(items: readonly ResponseItem[]): Map<string, FunctionCallOutputItem[]> {
  const outputs = new Map<string, FunctionCallOutputItem[]>();
  for (const item of items) {
    if (item.type !== "function_call_output") continue;
    const sameCall = outputs.get(item.call_id);
    if (sameCall) sameCall.push(item);
    else outputs.set(item.call_id, [item]);
  }
  return outputs;
}

/** Grows the contents; the calls of the model's last content wait here until its step ends. */
class Contents {
  readonly #contents: Content[] = [];
  readonly #options: ContentsOptions;
  readonly #outputs: Map<string, FunctionCallOutputItem[]>;
  #openCalls: FunctionCallItem[] = [];

  constructor(options: ContentsOptions, outputs: Map<string, FunctionCallOutputItem[]>) {
    this.#options = options;
    this.#outputs = outputs;
  }

  message(item: MessageItem): void {
    if (item.role === "assistant") return this.model(answerParts(item, this.#options.model));
    this.answerCalls();
    this.#append("user", item.role === "user" ? contentParts(item) : systemParts(item));
  }

  model(parts: Part[]): void {
    this.#append("model", parts);
  }

  call(item: FunctionCallItem): void {
    const { callId, signature } = opaqueFor(this.#options.model, item.origin);
    const isFirst = this.#openCalls.length === 0;
    // Also in older turns, where none is needed: what was sent once stays the same, for the prompt cache.
    const thoughtSignature =
      signature ?? (isFirst && this.#options.needsSignatures ? FOREIGN_CALL_SIGNATURE : undefined);
    const functionCall = { ...withId(callId), name: item.name, args: argumentsOf(item) };
    this.model([thoughtSignature === undefined ? { functionCall } : { functionCall, thoughtSignature }]);
    this.#openCalls.push(item);
  }

  /** One response per call, in the order of the calls. The content holds nothing else: some models then say nothing. */
  answerCalls(): void {
    if (this.#openCalls.length === 0) return;
    const parts = this.#openCalls.map((call) => this.#responsePart(call));
    this.#openCalls = [];
    this.#contents.push({ role: "user", parts });
  }

  /** Google wants a user's turn at the beginning and refuses a model's turn at the end. */
  finish(): Content[] {
    this.answerCalls();
    if (this.#contents[0]?.role !== "user") this.#contents.unshift({ role: "user", parts: [OPENING] });
    if (this.#contents.at(-1)?.role === "model") this.#append("user", [CONTINUE]);
    return this.#contents;
  }

  #append(role: "user" | "model", parts: Part[]): void {
    if (parts.length === 0) return;
    const last = this.#contents.at(-1);
    if (last?.parts && last.role === role && !last.parts.some((part) => part.functionResponse)) {
      last.parts.push(...parts);
    } else {
      this.#contents.push({ role, parts });
    }
  }

  #responsePart(call: FunctionCallItem): Part {
    const output = this.#outputs.get(call.call_id)?.shift();
    const { callId } = opaqueFor(this.#options.model, call.origin);
    const text = output?.output ?? "aborted";
    const response = parseObject(text) ?? { output: text };
    return { functionResponse: { ...withId(callId), name: call.name, response } };
  }
}

function ownPart(item: ProviderItem, model: string): Part[] {
  const { part } = opaqueFor(model, item.origin);
  return part === undefined ? [] : [part];
}

const withId = (id: string | undefined) => (id === undefined ? {} : { id });

const JsonObject = z.record(z.string(), z.unknown());

/** A call that was cut off is answered as an error, and its arguments are of no use to the model. */
function argumentsOf(call: FunctionCallItem): Record<string, unknown> {
  return parseObject(call.arguments) ?? {};
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JsonObject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
