import { z } from "zod";
import type { Issued } from "../issued.ts";

const CacheControl = z.strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() });

const Block = z.looseObject({
  type: z.string(),
  cache_control: CacheControl.optional(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  signature: z.string().optional(),
  id: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  content: z.unknown().optional(),
});
type Block = z.infer<typeof Block>;

const Message = z.strictObject({ role: z.enum(["user", "assistant"]), content: z.array(Block) });
type Message = z.infer<typeof Message>;

const Tool = z.looseObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  input_schema: z.looseObject({ type: z.literal("object") }),
  cache_control: CacheControl.optional(),
});

export const AnthropicRequest = z.strictObject({
  model: z.string(),
  max_tokens: z.int().positive(),
  stream: z.literal(true),
  system: z.array(Block).default([]),
  tools: z.array(Tool).default([]),
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().optional() }).optional(),
  messages: z.array(Message),
});
export type AnthropicRequest = z.infer<typeof AnthropicRequest>;

/** What the Messages API would refuse in a request, in the order of its messages. */
export function* anthropicProblems(request: AnthropicRequest, issued: Issued): Generator<string> {
  const { messages, thinking, max_tokens: max } = request;
  if (thinking?.budget_tokens !== undefined && thinking.budget_tokens >= max)
    yield "max_tokens: not above thinking.budget_tokens";
  yield* markProblems(request);
  if (messages[0]?.role !== "user") yield "messages: the first must be the user's";
  if (messages.at(-1)?.role !== "user") yield "messages: the last must be the user's";
  for (const [index, message] of messages.entries()) {
    const place = { before: messages[index - 1], after: messages[index + 1] };
    for (const problem of messageProblems(message, place, issued)) yield `messages.${index}: ${problem}`;
  }
}

/** At most four marks, the long ones before the short ones, none on an empty text or on thinking. */
function* markProblems({ system, tools, messages }: AnthropicRequest): Generator<string> {
  const blocks = [...system, ...messages.flatMap(({ content }) => content)];
  const marks = [...tools, ...blocks].flatMap(({ cache_control }) =>
    cache_control ? [cache_control.ttl] : [],
  );
  if (marks.length > 4) yield `at most 4 blocks with cache_control, found ${marks.length}`;
  if (
    marks.findLastIndex((ttl) => ttl === "1h") > marks.findIndex((ttl) => ttl !== "1h") &&
    marks.some((ttl) => ttl !== "1h")
  )
    yield "a ttl of 1h after a shorter one";
  if (blocks.some(({ type, text, cache_control }) => cache_control && (type === "thinking" || text === "")))
    yield "cache_control where it may not be";
}

interface Place {
  before: Message | undefined;
  after: Message | undefined;
}

function* messageProblems(message: Message, place: Place, issued: Issued): Generator<string> {
  const { role, content } = message;
  if (content.length === 0) yield "empty";
  if (place.before?.role === role) yield `two messages of ${role} in a row`;
  const ids = content.flatMap(({ type, id = "" }) => (type === "tool_use" ? [id] : []));
  if (new Set(ids).size < ids.length) yield "tool_use ids must be unique";
  for (const [index, block] of content.entries()) {
    for (const problem of blockProblems(block, role, issued)) yield `content.${index}: ${problem}`;
  }
  yield* resultProblems(message, place);
  yield* lostThinking(content, issued);
}

function* blockProblems(block: Block, role: string, issued: Issued): Generator<string> {
  const { type, text = "", id = "", input, thinking = "", signature } = block;
  if (type === "text" && text.trim() === "") yield "an empty text";
  if (type === "tool_result" && role !== "user") yield "tool_result of the assistant";
  if (type === "tool_result" && block.content === "") yield "an empty result";
  if ((type === "tool_use" || type === "thinking") && role !== "assistant") yield `${type} of the user`;
  if (type === "tool_use" && !/^[a-zA-Z0-9_-]+$/.test(id)) yield `the tool_use id ${id}`;
  if (type === "tool_use" && !z.record(z.string(), z.unknown()).safeParse(input).success)
    yield "input: no dictionary";
  if (type !== "thinking") return;
  const problem = issued.problem(signature, thinking);
  if (problem) yield `thinking: ${problem}`;
}

/** Results stand first, one for each call of the message before, and for no other. */
function* resultProblems({ content, role }: Message, { before, after }: Place): Generator<string> {
  const uses = (message: Message | undefined) =>
    (message?.content ?? []).flatMap(({ type, id = "" }) => (type === "tool_use" ? [id] : []));
  const results = content.flatMap(({ type, tool_use_id: id = "" }) => (type === "tool_result" ? [id] : []));
  const called = before?.role === "assistant" ? uses(before) : [];
  for (const id of results) if (!called.includes(id)) yield `unexpected tool_use_id ${id} in tool_result`;
  if (new Set(results).size < results.length) yield "two results of one call";
  if (content.findLastIndex(({ type }) => type === "tool_result") >= results.length)
    yield "results must come before everything else";
  if (role !== "assistant") return;
  const answered = (after?.content ?? []).map(({ tool_use_id: id }) => id);
  for (const id of uses({ content, role })) {
    if (!answered.includes(id)) yield `tool_use ${id} without its tool_result immediately after`;
  }
}

/** Thinking that led to a call stands before it in the same message. */
function* lostThinking(content: readonly Block[], issued: Issued): Generator<string> {
  const before = new Set<string>();
  for (const { type, id = "", signature } of content) {
    if (signature !== undefined) before.add(signature);
    const bound = type === "tool_use" ? issued.boundTo(id) : undefined;
    if (bound !== undefined && !before.has(bound)) yield `the thinking before the call ${id} is missing`;
  }
}
