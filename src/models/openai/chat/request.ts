import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { ContentPart, FunctionCallItem, MessageItem, ResponseItem } from "../../../contract/item.ts";
import type { ModelRequest } from "../../../contract/model.ts";
import { mapCallIds } from "../call-ids.ts";
import { argumentsToSend, nameToSend } from "../call-parts.ts";
import { reasons } from "../reasoning.ts";
import type { RequestOptions } from "../request.ts";

export interface ChatOptions extends RequestOptions {
  baseUrl?: string | undefined;
}

/**
 * The body of `POST /chat/completions`. Self-hosted servers know the plain form of it: text as a string, no fields that
 * only OpenAI has. The same conversation gives the same bytes.
 */
export function toChatRequest(
  { name, baseUrl, reasoningEffort }: ChatOptions,
  request: ModelRequest,
): ChatCompletionCreateParamsStreaming {
  const system: ChatCompletionMessageParam[] =
    request.instructions === "" ? [] : [{ role: "system", content: request.instructions }];
  const body: ChatCompletionCreateParamsStreaming = {
    model: name,
    messages: [...system, ...toMessages(request.items)],
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(toTool) }),
    stream: true,
    stream_options: { include_usage: true },
  };
  if (baseUrl === undefined) body.prompt_cache_key = request.sessionId;
  if (reasons(name)) {
    if (reasoningEffort !== undefined) body.reasoning_effort = reasoningEffort;
    if (request.maxOutputTokens !== undefined) body.max_completion_tokens = request.maxOutputTokens;
  } else if (request.maxOutputTokens !== undefined) {
    body.max_tokens = request.maxOutputTokens;
  }
  return body;
}

function toTool({ name, description, parameters }: ModelRequest["tools"][number]) {
  return { type: "function" as const, function: { name, description, parameters } };
}

/** What the assistant said and called in a row is one message, and the outputs of its calls follow at once. */
function toMessages(items: readonly ResponseItem[]): ChatCompletionMessageParam[] {
  const callIds = mapCallIds(items);
  const outputs = new Map(
    items
      .filter((item) => item.type === "function_call_output")
      .map((item) => [callIds.get(item), item.output]),
  );
  const messages: ChatCompletionMessageParam[] = [];
  let step: (MessageItem | FunctionCallItem)[] = [];
  const endStep = () => {
    messages.push(...toAssistant(step, callIds, outputs));
    step = [];
  };
  for (const item of items) {
    if (item.type === "function_call" || (item.type === "message" && item.role === "assistant")) {
      step.push(item);
    } else if (item.type === "function_call_output") {
      endStep();
    } else if (item.type === "message") {
      endStep();
      messages.push(...toInputMessage(item));
    }
  }
  endStep();
  return messages;
}

function toAssistant(
  step: readonly (MessageItem | FunctionCallItem)[],
  callIds: ReadonlyMap<ResponseItem, string>,
  outputs: ReadonlyMap<string | undefined, string>,
): ChatCompletionMessageParam[] {
  const text = step.map((item) => (item.type === "message" ? textOf(item.content) : "")).join("");
  const calls: ChatCompletionMessageFunctionToolCall[] = step
    .filter((item) => item.type === "function_call")
    .map((call) => ({
      id: callIds.get(call) ?? call.call_id,
      type: "function",
      function: { name: nameToSend(call), arguments: argumentsToSend(call) },
    }));
  if (calls.length === 0) return text === "" ? [] : [{ role: "assistant", content: text }];
  return [
    { role: "assistant", content: text === "" ? null : text, tool_calls: calls },
    ...calls.flatMap(({ id }): ChatCompletionMessageParam[] => {
      const output = outputs.get(id);
      return output === undefined ? [] : [{ role: "tool", tool_call_id: id, content: output }];
    }),
  ];
}

/** `developer` is a role that only OpenAI knows. */
function toInputMessage({ role, content }: MessageItem): ChatCompletionMessageParam[] {
  const text = textOf(content);
  const images = content.filter((part) => part.type === "input_image");
  if (role !== "user") return text === "" ? [] : [{ role: "system", content: text }];
  if (images.length === 0) return text === "" ? [] : [{ role, content: text }];
  const parts = content.map((part): ChatCompletionContentPart => {
    if (part.type !== "input_image") return { type: "text", text: textOf([part]) };
    return { type: "image_url", image_url: { url: part.image_url, detail: part.detail ?? "auto" } };
  });
  return [{ role, content: parts.filter((part) => part.type !== "text" || part.text !== "") }];
}

function textOf(content: readonly ContentPart[]): string {
  const texts = content.map((part) => {
    if (part.type === "refusal") return part.refusal;
    return part.type === "input_image" ? "" : part.text;
  });
  return texts.filter((text) => text !== "").join("\n");
}
