import { z } from "zod";
import type { Issued } from "../issued.ts";

const Part = z.looseObject({ type: z.string(), text: z.string().optional() });

const Item = z.looseObject({
  type: z.string().default("message"),
  id: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(Part)]).optional(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.unknown().optional(),
  output: z.unknown().optional(),
  summary: z.unknown().optional(),
  encrypted_content: z.string().optional(),
});
type Item = z.infer<typeof Item>;

export const OpenAIRequest = z.looseObject({
  model: z.string(),
  input: z.array(Item),
  store: z.literal(false),
  stream: z.literal(true),
  prompt_cache_key: z.string().min(1).max(64),
  prompt_cache_options: z.object({ mode: z.enum(["implicit", "explicit"]) }).optional(),
  instructions: z.string().min(1).optional(),
  tools: z.array(z.looseObject({ name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/) })).default([]),
});
export type OpenAIRequest = z.infer<typeof OpenAIRequest>;

/** What the Responses API would refuse in a request, in the order of its items. */
export function* openaiProblems({ input }: OpenAIRequest, issued: Issued): Generator<string> {
  if (input.length === 0) yield "input: empty";
  for (const [index, item] of input.entries()) {
    for (const problem of itemProblems(item, input[index + 1], issued)) yield `input[${index}]: ${problem}`;
  }
  yield* pairProblems(input);
  yield* lostReasoning(input, issued);
}

function* itemProblems(item: Item, next: Item | undefined, issued: Issued): Generator<string> {
  // Nothing is stored, so that no id would be found.
  if (item.id !== undefined) yield `the id ${item.id} of an item that was never stored`;
  if ((item.call_id?.length ?? 0) > 64) yield "call_id: longer than 64 characters";
  if (item.type === "message") yield* messageProblems(item);
  if (item.type === "function_call") {
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(item.name ?? "")) yield `the name ${item.name}`;
    if (!isObjectJson(item.arguments)) yield "arguments: no JSON object in a string";
  }
  if (item.type === "function_call_output" && typeof item.output !== "string") yield "output: no string";
  if (item.type !== "reasoning") return;
  if (!Array.isArray(item.summary)) yield "summary: missing";
  if (!leadsSomewhere(next)) yield "reasoning without its required following item";
  const problem = issued.problem(item.encrypted_content, "reasoning");
  if (problem) yield `encrypted_content: ${problem}`;
}

function* messageProblems({ role, content }: Item): Generator<string> {
  const parts = typeof content === "string" ? [{ type: "input_text", text: content }] : (content ?? []);
  const allowed = role === "assistant" ? ["output_text", "refusal"] : ["input_text", "input_image"];
  if (parts.length === 0) yield "content: empty";
  for (const { type, text } of parts) {
    if (!allowed.includes(type)) yield `content: ${type} of ${role}`;
    if (text === "") yield "content: an empty text";
  }
}

const leadsSomewhere = (next: Item | undefined) =>
  next !== undefined &&
  !next.type.endsWith("_output") &&
  (next.type !== "message" || next.role === "assistant");

/** Every call has one output, after it, and every output a call before it. */
function* pairProblems(input: readonly Item[]): Generator<string> {
  const open = new Set<string>();
  const seen = new Set<string>();
  for (const { type, call_id: id = "" } of input) {
    if (type === "function_call") {
      if (seen.has(id)) yield `two calls with the id ${id}`;
      open.add(id);
      seen.add(id);
    }
    if (type === "function_call_output" && !open.delete(id)) yield `no call for the output ${id}`;
  }
  for (const id of open) yield `no output for the call ${id}`;
}

/** Reasoning that led to a call goes back with it. */
function* lostReasoning(input: readonly Item[], issued: Issued): Generator<string> {
  const before = new Set<string>();
  for (const { type, call_id: id = "", encrypted_content: secret } of input) {
    if (secret !== undefined) before.add(secret);
    const bound = type === "function_call" ? issued.boundTo(id) : undefined;
    if (bound !== undefined && !before.has(bound)) yield `the reasoning before the call ${id} is missing`;
  }
}

function isObjectJson(value: unknown): boolean {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(String(value))).success;
  } catch {
    return false;
  }
}
