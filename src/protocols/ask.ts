import { randomUUID } from "node:crypto";
import type { ResponseItem } from "../contract/item.ts";
import type { ClientMessage } from "../contract/message.ts";
import type { Session, Subscriber } from "../contract/session.ts";

type Asked = ClientMessage extends infer Message
  ? Message extends { id: string }
    ? Omit<Message, "id">
    : never
  : never;

/** Asks a session for something in our own words, which is what stands in its log then. */
export function ask(session: Session, asked: Asked, from: Subscriber): void {
  const message = { id: randomUUID(), ...asked } as ClientMessage;
  session.receive(message, JSON.stringify(message), from);
}

/** A user's text as input of a session. */
export const userText = (text: string) => [
  { type: "message" as const, role: "user" as const, content: [{ type: "input_text" as const, text }] },
];

/** What an assistant said in words; undefined for everything else. */
export function saidBy(item: ResponseItem): string | undefined {
  if (item.type !== "message" || item.role !== "assistant") return undefined;
  return item.content
    .map((part) => (part.type === "output_text" ? part.text : part.type === "refusal" ? part.refusal : ""))
    .join("");
}

/** What may be shown of a model's reasoning; undefined for everything else. */
export function reasonedIn(item: ResponseItem): string | undefined {
  if (item.type !== "reasoning") return undefined;
  return [...item.summary, ...(item.content ?? [])].map(({ text }) => text).join("\n\n");
}
