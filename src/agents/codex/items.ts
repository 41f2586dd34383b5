import { v7 as uuid } from "uuid";
import { z } from "zod";
import type {
  FunctionCallItem,
  FunctionCallOutputItem,
  MessageItem,
  ReasoningItem,
  ResponseItem,
} from "../../contract/item.ts";
import type { InputItem } from "../../contract/message.ts";
import { knownCall } from "./calls.ts";
import type { RawCall, RawItem } from "./wire.ts";

type Raw<Type extends RawItem["type"]> = Extract<RawItem, { type: Type }>;

const mint = (prefix: string) => `${prefix}_${uuid().replaceAll("-", "")}`;

export const mintOutputId = () => mint("fco");

/** `id`: what the deltas of this item were told with. */
export function messageItem(raw: Raw<"message">, model: string, id: string | undefined): MessageItem {
  const { content, phase } = raw;
  return {
    type: "message",
    id: raw.id ?? id ?? mint("msg"),
    role: "assistant",
    content: content.map(({ type, text = "", refusal = text }) =>
      type === "refusal" ? { type: "refusal", refusal } : { type: "output_text", text },
    ),
    ...(phase && { phase }),
    origin: { provider: "codex", model },
  };
}

export function reasoningItem(raw: Raw<"reasoning">, model: string, id: string | undefined): ReasoningItem {
  const { summary, content, encrypted_content } = raw;
  return {
    type: "reasoning",
    id: raw.id ?? id ?? mint("rs"),
    summary: summary.map(({ text }) => ({ type: "summary_text", text })),
    ...(content &&
      content.length > 0 && {
        content: content.map(({ text }) => ({ type: "reasoning_text" as const, text })),
      }),
    ...(encrypted_content && { encrypted_content }),
    origin: { provider: "codex", model },
  };
}

/** `origin.opaque` is the call as the engine wants it back. */
export function callItem(raw: RawCall, model: string): FunctionCallItem {
  const { name, arguments: args } = knownCall(raw);
  const { id, call_id } = raw;
  return {
    type: "function_call",
    id: id ?? mint("fc"),
    call_id,
    name,
    arguments: args,
    origin: { provider: "codex", model, opaque: withoutId(raw) },
  };
}

export interface CallOutcome {
  output: string;
  /** Null where nobody knows. */
  exitCode: number | null;
  seconds: number;
}

export const outputItem = (
  callId: string,
  id: string,
  { output, exitCode, seconds }: CallOutcome,
): FunctionCallOutputItem => ({
  type: "function_call_output",
  id,
  call_id: callId,
  output: JSON.stringify({ output, metadata: { exit_code: exitCode, duration_seconds: seconds } }),
});

/** What the engine tells its model before the output of a command, or of a patch within one. */
const HEAD_LINE =
  /^(?:Chunk ID: .*|Wall time: (?<seconds>[\d.]+) seconds|(?:Process exited with code|Exit code:) (?<code>-?\d+)|Process running with session ID \d+|Original token count: \d+|Output:)\n/;

export function outcomeOf(told: unknown): CallOutcome {
  let output = plainText(told);
  let exitCode: number | null = null;
  let seconds = 0;
  for (let line = HEAD_LINE.exec(output); line; line = HEAD_LINE.exec(output)) {
    output = output.slice(line[0].length);
    if (line.groups?.["code"] !== undefined) exitCode = Number(line.groups["code"]);
    if (line.groups?.["seconds"] !== undefined) seconds = Number(line.groups["seconds"]);
  }
  return { output, exitCode, seconds };
}

const Parts = z.array(z.looseObject({ text: z.string().optional() }));

function plainText(output: unknown): string {
  if (typeof output === "string") return output;
  const parts = Parts.safeParse(output).data;
  return parts ? parts.map(({ text = "" }) => text).join("") : JSON.stringify(output);
}

/** What a user says, in the engine's words. */
export const userInput = (items: readonly InputItem[]): object[] =>
  items
    .filter(({ role }) => role === "user")
    .flatMap(({ content }) => content)
    .map((part) =>
      part.type === "input_text"
        ? { type: "text", text: part.text }
        : { type: "image", url: part.image_url, ...(part.detail && { detail: part.detail }) },
    );

/** While a turn runs there is only one way in. */
export const steeringInput = (items: readonly InputItem[]): object[] =>
  items.flatMap((item) =>
    item.role === "user"
      ? userInput([item])
      : item.content.flatMap((part) =>
          part.type === "input_text" ? [{ type: "text", text: part.text }] : [],
        ),
  );

/** Instructions come beside what the user says. */
export const developerItems = (items: readonly InputItem[]): object[] =>
  items
    .filter(({ role }) => role !== "user")
    .map(({ content }) => ({ type: "message", role: "developer", content }));

/** Our conversation as items of the model's own protocol, for a thread that begins with it. */
export function historyItems(items: readonly ResponseItem[]): object[] {
  const custom = new Set<string>();
  return items.flatMap((item): object[] => {
    switch (item.type) {
      case "message": {
        const { role, content, phase } = item;
        return [
          { type: "message", role: role === "system" ? "developer" : role, content, ...(phase && { phase }) },
        ];
      }
      case "reasoning":
        return item.encrypted_content && item.origin?.provider === "codex" ? [reasoningBack(item)] : [];
      case "function_call": {
        const opaque = item.origin?.provider === "codex" ? item.origin.opaque : undefined;
        if (isObject(opaque) && opaque["type"] === "custom_tool_call") custom.add(item.call_id);
        const { name, arguments: args, call_id } = item;
        return [isObject(opaque) ? opaque : { type: "function_call", name, arguments: args, call_id }];
      }
      case "function_call_output": {
        const type = custom.has(item.call_id) ? "custom_tool_call_output" : "function_call_output";
        return [{ type, call_id: item.call_id, output: item.output }];
      }
      case "provider_item":
        return item.origin.provider === "codex" && isObject(item.origin.opaque) ? [item.origin.opaque] : [];
    }
  });
}

const reasoningBack = ({ summary, content, encrypted_content }: ReasoningItem) => ({
  type: "reasoning",
  summary,
  ...(content && { content }),
  encrypted_content,
});

function withoutId(raw: RawCall): object {
  const { id: _, ...rest } = raw;
  return rest;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
