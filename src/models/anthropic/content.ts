import type { ImageBlockParam, TextBlockParam } from "@anthropic-ai/sdk/resources/messages/messages";
import type { ContentPart, InputImage, MessageItem } from "../../contract/item.ts";

/** The blocks of a message. Blank texts are left out: the API refuses them. */
export function messageBlocks({ role, content }: MessageItem): (TextBlockParam | ImageBlockParam)[] {
  return content
    .map((part) => partBlock(part, role))
    .filter((block) => block.type !== "text" || block.text.trim() !== "");
}

export function textBlock(text: string): TextBlockParam {
  return { type: "text", text };
}

function partBlock(part: ContentPart, role: MessageItem["role"]): TextBlockParam | ImageBlockParam {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return textBlock(markedText(part.text, role));
    case "refusal":
      return textBlock(part.refusal);
    case "input_image":
      return role === "assistant" ? textBlock("[image]") : imageBlock(part);
  }
}

/** Instructions within the conversation go as the user's words, and must not be taken for them. */
function markedText(text: string, role: MessageItem["role"]): string {
  if (role !== "system" && role !== "developer") return text;
  return text.trim() === "" ? "" : `<${role}_message>\n${text}\n</${role}_message>`;
}

const DATA_URL = /^data:image\/(png|jpeg|gif|webp);base64,([A-Za-z0-9+/=\s]+)$/;
const MEDIA_TYPES = {
  png: "image/png",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
} as const;

function isMediaType(name: string): name is keyof typeof MEDIA_TYPES {
  return name in MEDIA_TYPES;
}

/** An image that the API would refuse becomes a note: it stays in the conversation, and would refuse every turn after. */
function imageBlock({ image_url }: InputImage): ImageBlockParam | TextBlockParam {
  if (image_url.startsWith("https://")) {
    return { type: "image", source: { type: "url", url: image_url } };
  }
  const [, name = "", data = ""] =
    DATA_URL.exec(image_url.replace(/^data:image\/jpg;/, "data:image/jpeg;")) ?? [];
  if (isMediaType(name)) {
    return { type: "image", source: { type: "base64", media_type: MEDIA_TYPES[name], data } };
  }
  const got = image_url.split(",", 1)[0]?.slice(0, 80);
  return textBlock(
    `[image left out: expected an https URL or a base64 data URL of a PNG, JPEG, GIF or WebP image, got "${got}"]`,
  );
}
