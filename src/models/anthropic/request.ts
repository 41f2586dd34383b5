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

/** Of instructions and tools, which many sessions share; the API wants longer times before shorter ones. */
const PREFIX_CACHE: CacheControlEphemeral = { type: "ephemeral", ttl: "1h" };

/**
 * Of the conversation. An hour costs two thirds more to write than five minutes do, but a wait for a person that is
 * longer than five minutes would cost the whole conversation again.
 */
const TURN_CACHES: Record<NonNullable<ModelRequest["cache"]>, CacheControlEphemeral | undefined> = {
  none: undefined,
  minutes: { type: "ephemeral" },
  hour: { type: "ephemeral", ttl: "1h" },
};

/** Our request in the form of the Messages API. The same request always gives the same bytes. */
export function toWireRequest(model: RequestModel, request: ModelRequest): WireRequest {
  const { maxOutputTokens: limit } = model.info;
  const maxTokens = Math.min(request.maxOutputTokens ?? limit, limit);
  const turns = conversationTurns(request.items);
  const possible = thinkingFor(model.name, maxTokens);
  const thinking = possible?.strict && !canThink(turns) ? undefined : possible;
  const turnCache = TURN_CACHES[request.cache ?? "minutes"];
  const prefixCache = turnCache && PREFIX_CACHE;
  const system = systemBlocks(request.instructions, prefixCache);
  const tools = toolList(request.tools, prefixCache);
  return {
    body: {
      model: model.name,
      max_tokens: maxTokens,
      stream: true,
      ...(tools.length === 0 ? {} : { tools }),
      ...(system.length === 0 ? {} : { system }),
      ...(thinking === undefined ? {} : { thinking: thinking.config }),
      messages: withCachePoints(thinking === undefined ? withoutThinking(turns) : turns, turnCache),
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

function systemBlocks(instructions: string, cache: CacheControlEphemeral | undefined): TextBlockParam[] {
  if (instructions.trim() === "") return [];
  return [{ type: "text", text: instructions, ...(cache && { cache_control: cache }) }];
}

function toolList(tools: readonly ToolSpec[], cache: CacheControlEphemeral | undefined): Tool[] {
  return tools.map(({ name, description, parameters }, index) => ({
    name,
    description,
    input_schema: { ...parameters, type: "object" },
    ...(cache && index === tools.length - 1 ? { cache_control: cache } : {}),
  }));
}

/** Cache points at the newest two turns of the user: one to read what the last request wrote, one to write. */
function withCachePoints(turns: Turn[], cache: CacheControlEphemeral | undefined): Turn[] {
  if (!cache) return turns;
  const newest = new Set(turns.filter(({ role }) => role === "user").slice(-2));
  return turns.map((turn) => {
    const last = turn.content.at(-1);
    if (!newest.has(turn) || last === undefined) return turn;
    const marked = { ...last, cache_control: cache } as ContentBlockParam;
    return { role: turn.role, content: [...turn.content.slice(0, -1), marked] };
  });
}
