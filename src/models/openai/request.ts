import type {
  ResponseCreateParamsStreaming,
  ResponseInputContent,
  ResponseInputItem,
} from "openai/resources/responses/responses";
import { z } from "zod";
import type {
  ContentPart,
  MessageItem,
  ProviderItem,
  ReasoningItem,
  ResponseItem,
} from "../../contract/item.ts";
import type { ModelRequest } from "../../contract/model.ts";
import { mapCallIds } from "./call-ids.ts";
import { argumentsToSend, nameToSend } from "./call-parts.ts";
import { chargesCacheWrites } from "./prompt-cache.ts";
import { reasons } from "./reasoning.ts";

export interface RequestOptions {
  name: string;
  reasoningEffort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | undefined;
}

/**
 * The body of `POST /responses`. Nothing is stored with OpenAI: each request carries the whole conversation, with
 * reasoning as ciphertext and no item ids. The same conversation gives the same bytes.
 */
export function toResponsesRequest(
  { name, reasoningEffort }: RequestOptions,
  request: ModelRequest,
  { summaries }: { summaries: boolean },
): ResponseCreateParamsStreaming {
  const body: ResponseCreateParamsStreaming = {
    model: name,
    ...(request.instructions === "" ? {} : { instructions: request.instructions }),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(toTool) }),
    input: toInput(request.items),
    stream: true,
    store: false,
    prompt_cache_key: request.sessionId,
  };
  // Without a breakpoint, of which we set none, nothing is written: writing has a price there.
  if (request.cache === "none" && chargesCacheWrites(name)) body.prompt_cache_options = { mode: "explicit" };
  if (request.maxOutputTokens !== undefined) body.max_output_tokens = request.maxOutputTokens;
  if (!reasons(name)) return body;
  // Models that do not reason refuse these three.
  body.include = ["reasoning.encrypted_content"];
  body.reasoning = {
    ...(reasoningEffort === undefined ? {} : { effort: reasoningEffort }),
    ...(summaries ? { summary: "auto" as const } : {}),
  };
  return body;
}

function toTool({ name, description, parameters }: ModelRequest["tools"][number]) {
  return { type: "function" as const, name, description, parameters, strict: false };
}

function toInput(items: readonly ResponseItem[]): ResponseInputItem[] {
  const callIds = mapCallIds(items);
  return items.flatMap((item, position): ResponseInputItem[] => {
    switch (item.type) {
      case "message":
        return toMessage(item);
      case "function_call":
        return [
          {
            type: "function_call",
            call_id: callIds.get(item) ?? item.call_id,
            name: nameToSend(item),
            arguments: argumentsToSend(item),
          },
        ];
      case "function_call_output": {
        const callId = callIds.get(item);
        return callId === undefined
          ? []
          : [{ type: "function_call_output", call_id: callId, output: item.output }];
      }
      case "reasoning":
        return leadsToAnswer(items, position) ? toReasoning(item) : [];
      case "provider_item":
        return toProviderItem(item);
    }
  });
}

function toMessage({ role, content, phase, origin }: MessageItem): ResponseInputItem[] {
  if (role !== "assistant") {
    const parts = content.flatMap(toInputPart);
    return parts.length === 0 ? [] : [{ type: "message", role, content: parts }];
  }
  const parts = content.flatMap(toOutputPart);
  if (parts.length === 0) return [];
  const message = {
    type: "message",
    role,
    content: parts,
    ...(phase !== undefined && origin?.provider === "openai" ? { phase } : {}),
  };
  // The API takes an assistant's content without an id; the SDK's types know it with an id only.
  return [message as ResponseInputItem];
}

function toInputPart(part: ContentPart): ResponseInputContent[] {
  switch (part.type) {
    case "input_image":
      return [{ type: "input_image", image_url: part.image_url, detail: part.detail ?? "auto" }];
    case "input_text":
    case "output_text":
      return part.text === "" ? [] : [{ type: "input_text", text: part.text }];
    case "refusal":
      return [{ type: "input_text", text: part.refusal }];
  }
}

function toOutputPart(
  part: ContentPart,
): ({ type: "output_text"; text: string } | { type: "refusal"; refusal: string })[] {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return part.text === "" ? [] : [{ type: "output_text", text: part.text }];
    case "refusal":
      return [{ type: "refusal", refusal: part.refusal }];
    case "input_image":
      // An assistant's message has no place for an image.
      return [];
  }
}

/** Only OpenAI can read its reasoning: as ciphertext, or as plain text that a self-hosted server gave. */
function toReasoning({ origin, summary, content, encrypted_content }: ReasoningItem): ResponseInputItem[] {
  if (origin?.provider !== "openai") return [];
  if (encrypted_content) {
    return [{ type: "reasoning", summary, encrypted_content } as ResponseInputItem];
  }
  return content?.length ? [{ type: "reasoning", summary, content } as ResponseInputItem] : [];
}

/** Reasoning without what it led to is refused; a broken stream or a compaction may leave such a piece. */
function leadsToAnswer(items: readonly ResponseItem[], position: number): boolean {
  const next = items.find(({ type }, index) => index > position && type !== "reasoning");
  if (next?.type === "message") return next.role === "assistant" && toMessage(next).length > 0;
  if (next?.type === "provider_item") return toProviderItem(next).length > 0;
  return next?.type === "function_call";
}

const StatelessItem = z.looseObject({
  type: z.string(),
  encrypted_content: z.string(),
  call_id: z.undefined().optional(),
});

/**
 * Of the items that we do not know, those go back that are made to be carried by the client: they hold their state as a
 * ciphertext (a compaction). Others are stored with OpenAI, which we do not use, or wait for an output that nobody gives.
 */
function toProviderItem({ origin }: ProviderItem): ResponseInputItem[] {
  const item = StatelessItem.safeParse(origin.opaque);
  if (origin.provider !== "openai" || !item.success) return [];
  const { id: _, ...rest } = item.data;
  return [rest as unknown as ResponseInputItem];
}
