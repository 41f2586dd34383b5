import type { Part } from "@google/genai";
import { AgentError } from "../../contract/error.ts";

const TYPE_OF_EXTENSION: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heif",
};

/** Google must be told what an image is, so the extension of its address has to say it. */
export function imagePart(url: string): Part {
  const data = /^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(url);
  if (data?.[1] !== undefined && data[2] !== undefined) {
    return { inlineData: { mimeType: data[1], data: data[2] } };
  }
  const mimeType = isWebAddress(url) ? TYPE_OF_EXTENSION[extensionOf(url)] : undefined;
  if (mimeType === undefined) throw unusable(url);
  return { fileData: { fileUri: url, mimeType } };
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:";
}

function extensionOf(url: string): string {
  return /\.(\w+)$/.exec(new URL(url).pathname)?.[1]?.toLowerCase() ?? "";
}

function unusable(url: string): AgentError {
  const shown = url.length > 80 ? `${url.slice(0, 80)}...` : url;
  return new AgentError(
    "provider_bad_request",
    `Google takes an image as a "data:image/...;base64," URL or as an https URL that ends in ${Object.keys(
      TYPE_OF_EXTENSION,
    ).join(", ")}; got ${shown}.`,
    { retryable: false },
  );
}
