import { type Answer, tokensOf, type WireEvent } from "../answer.ts";
import type { Issued } from "../issued.ts";
import { OpenAIRequest, openaiProblems } from "../rules/openai.ts";
import { type Head, named, pieces, unreadable, type Wire } from "./wire.ts";

/** The Responses API. */
export const openai: Wire = {
  provider: "openai",
  path: /^\/v1\/responses$/,
  read(body, _path, issued) {
    const parsed = OpenAIRequest.safeParse(body);
    if (!parsed.success) return unreadable(parsed.error);
    const { model, instructions = "", tools, input, prompt_cache_key: key } = parsed.data;
    const texts = [JSON.stringify(tools), instructions, ...input.map((item) => JSON.stringify(item))];
    return {
      model,
      problems: [...openaiProblems(parsed.data, issued)],
      prompt: {
        key: `${model} ${key}`,
        segments: texts.map((text) => ({ text })),
        isKept: parsed.data.prompt_cache_options?.mode !== "explicit",
      },
      isAside: tools.length === 0,
    };
  },
  events(answer, head, issued) {
    const items = [...reasoning(answer, head, issued), ...message(answer), ...calls(answer, head)];
    return [
      named({ type: "response.created", response: { id: head.id, model: head.model } }),
      ...items.flatMap(grow),
      completed(head),
    ];
  },
  refusal: (status, text) => ({
    error: { message: text, type: "invalid_request_error", param: null, code: CODES[status] ?? null },
  }),
};

const CODES: Record<number, string> = {
  400: "context_length_exceeded",
  429: "rate_limit_exceeded",
  500: "server_error",
  503: "server_error",
};

/** An item, and what its deltas tell of it. */
interface Growing {
  item: { type: string; id: string; [field: string]: unknown };
  deltas: { type: string; text: string };
}

function reasoning({ thought, calls: made }: Answer, head: Head, issued: Issued): Growing[] {
  if (thought === "") return [];
  const encrypted_content = issued.sign("reasoning");
  for (const index of made.keys()) issued.bind(callId(head, index), encrypted_content);
  const summary = [{ type: "summary_text", text: thought }];
  return [
    {
      item: { type: "reasoning", id: `rs_${head.id}`, summary, encrypted_content },
      deltas: { type: "response.reasoning_summary_text.delta", text: thought },
    },
  ];
}

function message({ text }: Answer): Growing[] {
  if (text === "") return [];
  const content = [{ type: "output_text", text, annotations: [] }];
  return [
    {
      item: { type: "message", id: "msg_1", role: "assistant", status: "completed", content },
      deltas: { type: "response.output_text.delta", text },
    },
  ];
}

const calls = (answer: Answer, head: Head): Growing[] =>
  answer.calls.map(({ name, arguments: args }, index) => ({
    item: {
      type: "function_call",
      id: `fc_${index}`,
      call_id: callId(head, index),
      name,
      arguments: JSON.stringify(args),
      status: "completed",
    },
    deltas: { type: "response.function_call_arguments.delta", text: JSON.stringify(args) },
  }));

const callId = ({ id }: Head, index: number) => `call_${id}_${index}`;

function grow({ item, deltas }: Growing, output_index: number): WireEvent[] {
  const begun = { ...item, status: "in_progress", content: [], summary: [], arguments: "" };
  return [
    named({ type: "response.output_item.added", output_index, item: begun }),
    ...pieces(deltas.text).map((delta) => named({ type: deltas.type, output_index, delta }, tokensOf(delta))),
    named({ type: "response.output_item.done", output_index, item }),
  ];
}

function completed({ id, model, usage, outputTokens }: Head): WireEvent {
  const counted = {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.written },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
  };
  return named({
    type: "response.completed",
    response: { id, model, status: "completed", output: [], usage: counted },
  });
}
