import type { FunctionCallItem, FunctionCallOutputItem, ResponseItem } from "../../contract/item.ts";
import { mintItemId } from "./ids.ts";

/** The conversation as the next model request will see it. */
export class History {
  #items: ResponseItem[] = [];
  /** How long the conversation was when all that belongs to a response had been added. */
  readonly #lengths = new Map<string, number>();

  get items(): readonly ResponseItem[] {
    return this.#items;
  }

  append(item: ResponseItem): void {
    this.#items.push(item);
  }

  replace(items: readonly ResponseItem[]): void {
    this.#items = [...items];
    this.#lengths.clear();
  }

  /** Leaves only the items of these ids, in this order. */
  keep(ids: readonly string[]): void {
    const byId = new Map(this.#items.map((item) => [item.id, item]));
    this.replace(ids.flatMap((id) => byId.get(id) ?? []));
  }

  /** All items of this response, and the outputs of its calls, are in. */
  markResponse(responseId: string): void {
    this.#lengths.set(responseId, this.#items.length);
  }

  knowsResponse(responseId: string): boolean {
    return this.#lengths.has(responseId);
  }

  /** Leaves out everything that came after the response; false where there is nothing to leave out. */
  rewind(responseId: string): boolean {
    const length = this.#lengths.get(responseId);
    if (length === undefined || length >= this.#items.length) return false;
    this.#items.length = length;
    for (const [id, marked] of this.#lengths) if (marked > length) this.#lengths.delete(id);
    return true;
  }

  hasCall(callId: string): boolean {
    return this.#items.some((item) => item.type === "function_call" && item.call_id === callId);
  }

  /** Calls that no output has answered yet, oldest first. */
  openCalls(): FunctionCallItem[] {
    const open = new Map<string, FunctionCallItem>();
    for (const item of this.#items) {
      if (item.type === "function_call") open.set(item.call_id, item);
      if (item.type === "function_call_output") open.delete(item.call_id);
    }
    return [...open.values()];
  }
}

/** The output of a call in the form that every client and model reads. */
export function callOutput(
  call: FunctionCallItem,
  output: string,
  metadata: Record<string, unknown>,
  id = mintItemId("function_call_output"),
): FunctionCallOutputItem {
  return {
    type: "function_call_output",
    id,
    call_id: call.call_id,
    output: JSON.stringify({ output, metadata }),
  };
}

/** The output of a call that never ran. */
export const unrunOutput = (call: FunctionCallItem, why: string) =>
  callOutput(call, why, { exit_code: 1, duration_seconds: 0 });
