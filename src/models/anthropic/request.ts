import type { BetaThinkingConfigParam } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type {
  CacheControlEphemeral,
  ContentBlockParam,
  MessageCreateParamsStreaming,
  TextBlockParam,
  Tool,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { ModelInfo, ModelRequest, ToolSpec } from "../../contract/model.ts";
import { conversationTurns, isThinking, withoutThinking, type Turn } from "./conversation.ts";
import { thinkingFor } from "./thinking.ts";

export type RequestBody = Omit<MessageCreateParamsStreaming, "thinking"> & {
  thinking?: BetaThinkingConfigParam;
};

/** What is sent; `betas` are the values of the header `anthropic-beta`. */
export interface WireRequest {
  body: RequestBody;
  betas: string[];
}

export interface RequestModel {
  name: string;
  info: ModelInfo;
}

/** Instructions and tools outlive a long wait for an approval; the API wants longer times before shorter ones. */
const PREFIX_CACHE: CacheControlEphemeral = { type: "ephemeral", ttl: "1h" };
const TURN_CACHE: CacheControlEphemeral = { type: "ephemeral" };

/** Our request in the form of the Messages API. The same request always gives the same bytes. */
export function toWireRequest(model: RequestModel, request: ModelRequest): WireRequest {
  const { maxOutputTokens: limit } = model.info;
  const maxTokens = Math.min(request.maxOutputTokens ?? limit, limit);
  const turns = conversationTurns(request.items);
  const possible = thinkingFor(model.name, maxTokens);
  const thinking = possible?.strict && !canThink(turns) ? undefined : possible;
  const system = systemBlocks(request.instructions);
  const tools = toolList(request.tools);
  return {
    body: {
      model: model.name,
      max_tokens: maxTokens,
      stream: true,
      ...(tools.length === 0 ? {} : { tools }),
      ...(system.length === 0 ? {} : { system }),
      ...(thinking === undefined ? {} : { thinking: thinking.config }),
      messages: withCachePoints(thinking === undefined ? withoutThinking(turns) : turns),
    },
    betas: thinking?.betas ?? [],
  };
}

/**
 * Whether a model with a thinking budget may think now. A tool turn, from the user's last word on, thinks as a whole
 * or not at all: with a call that no thinking came before (of another provider's model, or of a step without), the
 * API refuses thinking until the user speaks again, and then also refuses the thinking blocks that there are.
 */
function canThink(turns: readonly Turn[]): boolean {
  const start = turns.findLastIndex(({ role, content }) => role === "user" && !content.some(isResult));
  return turns
    .slice(start + 1)
    .filter(({ content }) => content.some(({ type }) => type === "tool_use"))
    .every(({ content }) => isThinking(content[0]));
}

function isResult({ type }: ContentBlockParam): boolean {
  return type === "tool_result";
}

function systemBlocks(instructions: string): TextBlockParam[] {
  if (instructions.trim() === "") return [];
  return [{ type: "text", text: instructions, cache_control: PREFIX_CACHE }];
}

function toolList(tools: readonly ToolSpec[]): Tool[] {
  return tools.map(({ name, description, parameters }, index) => ({
    name,
    description,
    input_schema: { ...parameters, type: "object" },
    ...(index === tools.length - 1 ? { cache_control: PREFIX_CACHE } : {}),
  }));
}

/** Cache points at the newest two turns of the user: one to read what the last request wrote, one to write. */
function withCachePoints(turns: readonly Turn[]): Turn[] {
  const newest = new Set(turns.filter(({ role }) => role === "user").slice(-2));
  return turns.map((turn) => {
    const last = turn.content.at(-1);
    if (!newest.has(turn) || last === undefined) return turn;
    const marked = { ...last, cache_control: TURN_CACHE } as ContentBlockParam;
    return { role: turn.role, content: [...turn.content.slice(0, -1), marked] };
  });
}
