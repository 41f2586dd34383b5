import { z } from "zod";
import type {
  ContentBlockParam,
  ToolResultBlockParam,
  ToolUseBlockParam,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { FunctionCallItem, ProviderItem, ReasoningItem, ResponseItem } from "../../contract/item.ts";
import { parseArguments } from "./arguments.ts";
import { messageBlocks, textBlock } from "./content.ts";
import { pairOutputs } from "./pairs.ts";
import { plainName, ToolIds } from "./tool-ids.ts";

/** One message, its content always a list. */
export interface Turn {
  role: "user" | "assistant";
  content: ContentBlockParam[];
}

/** Said for the user where the API wants the user to speak and nobody has. */
const CONTINUE = "Continue.";

/**
 * The conversation in turns of user and assistant, as the API wants them: roles alternate, every call has its result
 * at the start of the turn after it, nothing is empty, the user speaks first and last.
 */
export function conversationTurns(items: readonly ResponseItem[]): Turn[] {
  const turns = new TurnList(pairOutputs(items));
  for (const item of items) turns.add(item);
  return turns.finish();
}

/** The same turns without the model's thinking, for a request that does not ask for any. */
export function withoutThinking(turns: readonly Turn[]): Turn[] {
  const kept = turns.map(({ role, content }) => ({
    role,
    content: content.filter((block) => !isThinking(block)),
  }));
  return spokenByBoth(kept);
}

export function isThinking(block: ContentBlockParam | undefined): boolean {
  return block?.type === "thinking" || block?.type === "redacted_thinking";
}

class TurnList {
  readonly #outputs: Map<FunctionCallItem, string>;
  readonly #ids = new ToolIds();
  readonly #turns: Turn[] = [];
  /** Results of the calls in the assistant's open turn. */
  #results: ToolResultBlockParam[] = [];

  constructor(outputs: Map<FunctionCallItem, string>) {
    this.#outputs = outputs;
  }

  add(item: ResponseItem): void {
    switch (item.type) {
      case "message":
        if (item.role === "assistant") this.#say(messageBlocks(item));
        else this.#hear(messageBlocks(item));
        return;
      case "reasoning":
      case "provider_item":
        return this.#say(ownBlocks(item));
      case "function_call":
        return this.#call(item);
      case "function_call_output":
        // All results stand together after the calls; from here on the assistant's turn is over.
        return this.#hear([]);
    }
  }

  finish(): Turn[] {
    this.#hear([]);
    return spokenByBoth(this.#turns);
  }

  #say(content: ContentBlockParam[]): void {
    this.#turns.push({ role: "assistant", content });
  }

  #hear(content: ContentBlockParam[]): void {
    this.#turns.push({ role: "user", content: [...this.#results, ...content] });
    this.#results = [];
  }

  #call(item: FunctionCallItem): void {
    const id = this.#ids.next(item.call_id);
    this.#say([toolUse(id, item)]);
    this.#results.push(toolResult(id, this.#outputs.get(item)));
  }
}

function toolUse(id: string, { name, arguments: json }: FunctionCallItem): ToolUseBlockParam {
  // Arguments that are cut off cannot be sent; the result tells the model what came of them.
  return { type: "tool_use", id, name: plainName(name) || "unnamed", input: parseArguments(json) ?? {} };
}

function toolResult(id: string, output: string | undefined): ToolResultBlockParam {
  if (output === undefined)
    return { type: "tool_result", tool_use_id: id, content: "aborted", is_error: true };
  return { type: "tool_result", tool_use_id: id, ...(output.trim() === "" ? {} : { content: output }) };
}

const OwnBlock = z.looseObject({ type: z.string() });

/** A block that this provider gave, exactly as it gave it. What another provider thought is of no use here. */
function ownBlocks({ origin }: ReasoningItem | ProviderItem): ContentBlockParam[] {
  if (origin?.provider !== "anthropic" || !OwnBlock.safeParse(origin.opaque).success) return [];
  return [origin.opaque as ContentBlockParam];
}

/** Neighbours of one role joined, nothing empty, the user first and last. */
function spokenByBoth(turns: readonly Turn[]): Turn[] {
  const joined = joinedByRole(joinedByRole(turns).map(withoutTrailingThinking));
  if (joined[0]?.role !== "user") joined.unshift({ role: "user", content: [textBlock(CONTINUE)] });
  const last = joined.at(-1);
  if (last?.role === "assistant" && !isPaused(last))
    joined.push({ role: "user", content: [textBlock(CONTINUE)] });
  return joined;
}

function joinedByRole(turns: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const { role, content } of turns) {
    const last = joined.at(-1);
    if (content.length === 0) continue;
    if (last?.role === role) last.content.push(...content);
    else joined.push({ role, content: [...content] });
  }
  return joined;
}

/** Thinking that led to nothing is refused. */
function withoutTrailingThinking({ role, content }: Turn): Turn {
  const end = content.findLastIndex((block) => !isThinking(block)) + 1;
  return { role, content: role === "assistant" ? content.slice(0, end) : content };
}

/** A turn that ends with a block of the API's own tools was paused by it, and goes on from there. */
function isPaused({ content }: Turn): boolean {
  return content.at(-1)?.type !== "text";
}
