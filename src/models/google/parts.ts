import type { Part } from "@google/genai";
import type { ContentPart, MessageItem, ReasoningItem } from "../../contract/item.ts";
import { imagePart } from "./images.ts";
import { opaqueFor, type SignedSpan } from "./opaque.ts";

export function contentParts(item: MessageItem): Part[] {
  return item.content.flatMap(contentPart);
}

/** The API has one system instruction, at the front; what comes later is the user's, marked as what it is. */
export function systemParts(item: MessageItem): Part[] {
  return contentParts(item).map((part) =>
    part.text === undefined ? part : { text: `<system_message>\n${part.text}\n</system_message>` },
  );
}

export function answerParts(item: MessageItem, model: string): Part[] {
  const { signed } = opaqueFor(model, item.origin);
  if (signed === undefined) return contentParts(item);
  return signedParts(item.content.map(textOf).join(""), signed);
}

/** Thoughts without a signature mean nothing to Google. */
export function thoughtParts(item: ReasoningItem, model: string): Part[] {
  const { signed } = opaqueFor(model, item.origin);
  if (signed === undefined) return [];
  const text = item.summary.map((part) => part.text).join("");
  return signedParts(text, signed).map((part) => ({ ...part, thought: true }));
}

function contentPart(part: ContentPart): Part[] {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return textParts(part.text);
    case "refusal":
      return textParts(part.refusal);
    case "input_image":
      return [imagePart(part.image_url)];
  }
}

function textOf(part: ContentPart): string {
  if (part.type === "refusal") return part.refusal;
  return part.type === "input_image" ? "" : part.text;
}

/** A signature belongs to its part alone, which may be empty: parts with and without one are never joined. */
function signedParts(text: string, signed: readonly SignedSpan[]): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { from, to, signature } of signed) {
    parts.push(...textParts(text.slice(end, from)));
    parts.push({ text: text.slice(from, to), thoughtSignature: signature });
    end = to;
  }
  return [...parts, ...textParts(text.slice(end))];
}

const textParts = (text: string): Part[] => (text === "" ? [] : [{ text }]);
