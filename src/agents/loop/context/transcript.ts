import type { ResponseItem } from "../../../contract/item.ts";

/** How much of one tool result a transcript shows, in characters. */
const RESULT_LIMIT = 2048;

/** A conversation as text, for a model that is asked about it. Reasoning is left out. */
export const transcript = (items: readonly ResponseItem[]) =>
  items
    .map(line)
    .filter((text) => text !== "")
    .join("\n\n");

function line(item: ResponseItem): string {
  switch (item.type) {
    case "message": {
      const text = item.content.map((part) => partText(part)).join("");
      return text.trim() === "" ? "" : `[${item.role}]\n${text}`;
    }
    case "function_call":
      return `[call ${item.name}]\n${item.arguments}`;
    case "function_call_output":
      return `[result]\n${cut(item.output)}`;
    case "reasoning":
    case "provider_item":
      return "";
  }
}

function partText(part: Extract<ResponseItem, { type: "message" }>["content"][number]): string {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return part.text;
    case "refusal":
      return part.refusal;
    case "input_image":
      return "(an image)";
  }
}

function cut(text: string): string {
  if (text.length <= RESULT_LIMIT) return text;
  const half = RESULT_LIMIT / 2;
  return `${text.slice(0, half)}\n(${text.length - RESULT_LIMIT} characters left out)\n${text.slice(-half)}`;
}
