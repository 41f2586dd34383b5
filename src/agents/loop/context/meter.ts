import type { ResponseItem } from "../../../contract/item.ts";
import type { TokenUsage } from "../../../contract/model.ts";

export const CHARACTERS_PER_TOKEN = 4;
/** What an image costs in the middle of the providers' rules. */
const IMAGE_TOKENS = 1200;

/** A guess for what no provider has counted yet. */
export function estimateTokens(item: ResponseItem): number {
  if (item.type === "provider_item")
    return Math.ceil(JSON.stringify(item.origin).length / CHARACTERS_PER_TOKEN);
  if (item.type === "reasoning") {
    const text = item.summary.reduce((length, part) => length + part.text.length, 0);
    return Math.ceil(Math.max(text, (item.encrypted_content?.length ?? 0) / 2) / CHARACTERS_PER_TOKEN);
  }
  if (item.type === "function_call") return textTokens(item.name.length + item.arguments.length);
  if (item.type === "function_call_output") return textTokens(item.output.length);
  let tokens = 0;
  for (const part of item.content) {
    if (part.type === "input_image") tokens += IMAGE_TOKENS;
    else tokens += textTokens(part.type === "refusal" ? part.refusal.length : part.text.length);
  }
  return tokens;
}

export const textTokens = (characters: number) => Math.ceil(characters / CHARACTERS_PER_TOKEN) + 4;

export const totalTokens = (items: readonly ResponseItem[]) =>
  items.reduce((tokens, item) => tokens + estimateTokens(item), 0);

/** A conversation's beginning, up to an item of it, as its provider counted it. */
export interface Counted {
  tokens: number;
  length: number;
  last: ResponseItem | undefined;
}

/** `items` is the conversation with the response that was counted. */
export const countedAt = (usage: TokenUsage, items: readonly ResponseItem[]): Counted => ({
  tokens: usage.input_tokens + usage.output_tokens,
  length: items.length,
  last: items.at(-1),
});

/** How full the window is: the provider's own last count, and an estimate of what came after it. */
export class ContextMeter {
  #counted: Counted | undefined;

  count(counted: Counted | undefined): void {
    this.#counted = counted;
  }

  /** `overhead`: characters of instructions and tools, for a conversation that nobody has counted yet. */
  tokens(items: readonly ResponseItem[], overhead: number): number {
    const counted = this.#counted;
    // A conversation that was rewound is not the one that was counted.
    if (
      !counted ||
      counted.tokens === 0 ||
      counted.length === 0 ||
      items[counted.length - 1] !== counted.last
    ) {
      return totalTokens(items) + Math.ceil(overhead / CHARACTERS_PER_TOKEN);
    }
    return counted.tokens + totalTokens(items.slice(counted.length));
  }
}
