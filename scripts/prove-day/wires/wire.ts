import type { z } from "zod";
import type { Answer, InputUsage, WireEvent } from "../answer.ts";
import type { Issued } from "../issued.ts";
import type { Prompt } from "../prompt-cache.ts";

/** A request that was read: what is wrong with it, and what it comes to. */
export interface ReadRequest {
  model: string;
  problems: string[];
  prompt: Prompt;
  /** It asks beside the conversation. */
  isAside: boolean;
}

/** What an answer says of itself. */
export interface Head {
  id: string;
  model: string;
  usage: InputUsage;
  outputTokens: number;
}

/** One provider's form of requests and answers. */
export interface Wire {
  provider: "openai" | "anthropic" | "google";
  path: RegExp;
  read(body: unknown, path: string, issued: Issued): ReadRequest;
  /** The events of an answer; what the provider wants back is signed. */
  events(answer: Answer, head: Head, issued: Issued): WireEvent[];
  refusal(status: number, message: string): object;
}

export const unreadable = (error: z.ZodError): ReadRequest => ({
  model: "",
  problems: error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
  prompt: { key: "", segments: [], isKept: false },
  isAside: false,
});

/** A text as it streams: in a few pieces. */
export function pieces(text: string): string[] {
  const characters = Array.from(text);
  const size = Math.max(1, Math.ceil(characters.length / 4));
  const parts: string[] = [];
  for (let at = 0; at < characters.length; at += size) parts.push(characters.slice(at, at + size).join(""));
  return parts;
}

/** An event whose data tells its type, which the wire also names before it. */
export const named = (data: { type: string; [field: string]: unknown }, output = 0): WireEvent => ({
  body: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`,
  output,
});
