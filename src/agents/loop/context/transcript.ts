import type { ResponseItem } from "../../../contract/item.ts";

/** How much of one tool result a transcript shows, in characters: the first with which it is short enough. */
const RESULT_LIMITS = [2048, 512, 128];

/**
 * A conversation as text, for a model that is asked about it, in at most so many characters. Reasoning is left out;
 * where shorter results are not enough, the middle is, too.
 */
export function transcript(items: readonly ResponseItem[], limit: number): string {
  let text = "";
  for (const resultLimit of RESULT_LIMITS) {
    const lines = items.map((item) => line(item, resultLimit));
    text = lines.filter((text) => text !== "").join("\n\n");
    if (text.length <= limit) return text;
  }
  return cut(text, limit);
}

function line(item: ResponseItem, resultLimit: number): string {
  switch (item.type) {
    case "message": {
      const text = item.content.map((part) => partText(part)).join("");
      return text.trim() === "" ? "" : `[${item.role}]\n${text}`;
    }
    case "function_call":
      return `[call ${item.name}]\n${item.arguments}`;
    case "function_call_output":
      return `[result]\n${cut(item.output, resultLimit)}`;
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

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.ceil(limit / 2);
  const [head, tail] = [text.slice(0, half), text.slice(-half)];
  // A character that was cut in two is refused by some providers.
  return `${head.toWellFormed()}\n(${text.length - 2 * half} characters left out)\n${tail.toWellFormed()}`;
}
