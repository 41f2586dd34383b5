import { createHash } from "node:crypto";
import type { ResponseItem } from "../../contract/item.ts";

const MAX_LENGTH = 64;

/**
 * Gives every call of a conversation an id that OpenAI takes: at most 64 characters, and only once. Other providers
 * count from `call_0` in each response. An item's id depends on nothing that comes after it, so that a longer
 * conversation begins with the same bytes.
 */
class CallIds {
  readonly #used = new Set<string>();
  /** Calls that wait for their output, by their own id; of two with the same id the first is answered first. */
  readonly #open = new Map<string, string[]>();

  call(id: string): string {
    const given = this.#unused(id.length > MAX_LENGTH ? `call_${hash(id)}` : id);
    this.#used.add(given);
    this.#open.set(id, [...(this.#open.get(id) ?? []), given]);
    return given;
  }

  /** Undefined when no call waits for this output. */
  output(id: string): string | undefined {
    return this.#open.get(id)?.shift();
  }

  #unused(id: string): string {
    let candidate = id;
    for (let n = 2; candidate === "" || this.#used.has(candidate); n += 1)
      candidate = `call_${hash(`${id} ${n}`)}`;
    return candidate;
  }
}

/** The ids of all calls and outputs, by their items. An output without a call is left out. */
export function mapCallIds(items: readonly ResponseItem[]): Map<ResponseItem, string> {
  const ids = new CallIds();
  const mapped = new Map<ResponseItem, string>();
  for (const item of items) {
    if (item.type === "function_call") mapped.set(item, ids.call(item.call_id));
    if (item.type !== "function_call_output") continue;
    const id = ids.output(item.call_id);
    if (id !== undefined) mapped.set(item, id);
  }
  return mapped;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
