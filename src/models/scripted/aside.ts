import { z } from "zod";
import type { ResponseItem } from "../../contract/item.ts";
import { textOf } from "./progress.ts";

const SHOWN_CHARACTERS = 400;

const Arguments = z.union([
  z.object({ command: z.array(z.string()) }).transform(({ command }) => `runs \`${command.at(-1)}\`.`),
  z.object({ input: z.string() }).transform(({ input }) => `changes files by this patch:\n\n${input}`),
]);

/** Answers a question beside the conversation, asked without tools: what does this call do, or sum this up. */
export function answerAside(items: readonly ResponseItem[]): string {
  const text = items.map((item) => (item.type === "message" ? textOf(item) : "")).join("\n");
  const call = /(\w+)\((\{.*\})\)\s*$/s.exec(text);
  if (call?.[1] === undefined || call[2] === undefined) return `In short: ${shorten(text)}`;
  const does = Arguments.safeParse(parseJson(call[2]));
  return does.success ? `This call of ${call[1]} ${does.data}` : `This is a call of ${call[1]}.`;
}

const shorten = (text: string) =>
  text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
