import type {
  FunctionCallItem,
  MessageItem,
  Origin,
  ReasoningItem,
  ResponseItem,
} from "../../contract/item.ts";
import type { OutputItem } from "./events.ts";

/** A finished item in our words; undefined for one that says nothing. */
export function toItem(item: OutputItem, origin: Origin): ResponseItem | undefined {
  switch (item.type) {
    case "message":
      return toMessage(item, origin);
    case "function_call":
      return toCall(item, origin);
    case "reasoning":
      return toReasoning(item, origin);
    case "other":
      return { type: "provider_item", origin: { ...origin, opaque: item.item } };
  }
}

function toMessage(item: Extract<OutputItem, { type: "message" }>, origin: Origin): MessageItem | undefined {
  const content = item.content.filter((part) => part !== null);
  if (content.length === 0) return undefined;
  return {
    type: "message",
    role: "assistant",
    content,
    status: item.status === "incomplete" ? "incomplete" : "completed",
    ...(item.phase ? { phase: item.phase } : {}),
    origin,
  };
}

function toCall(item: Extract<OutputItem, { type: "function_call" }>, origin: Origin): FunctionCallItem {
  const incomplete = item.status === "incomplete";
  return {
    type: "function_call",
    call_id: item.call_id,
    name: item.name,
    // Some servers write nothing for a tool without parameters.
    arguments: item.arguments === "" && !incomplete ? "{}" : item.arguments,
    status: incomplete ? "incomplete" : "completed",
    origin,
  };
}

function toReasoning(
  item: Extract<OutputItem, { type: "reasoning" }>,
  origin: Origin,
): ReasoningItem | undefined {
  const { summary, content, encrypted_content } = item;
  if (summary.length === 0 && !content?.length && !encrypted_content) return undefined;
  return {
    type: "reasoning",
    summary,
    ...(content?.length ? { content } : {}),
    ...(encrypted_content ? { encrypted_content } : {}),
    origin,
  };
}
