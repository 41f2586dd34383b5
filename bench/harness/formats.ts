/** One answer, as a provider streams it. Each function gives the text of one or more server-sent events. */
export interface Format {
  begin(): string;
  delta(text: string): string;
  /** After all deltas; `text` is what they come to. */
  end(text: string): string;
  /** A whole answer that calls the shell. */
  call(id: string, command: readonly string[]): string;
}

/** By the path of the request. */
export function formatOf(path: string): Format | undefined {
  if (path.endsWith("/responses")) return responses;
  if (path.endsWith("/chat/completions")) return chat;
  if (path.endsWith("/messages")) return anthropic;
  if (path.includes(":streamGenerateContent")) return google;
  return undefined;
}

/** Every answer has an id of its own. */
let answers = 0;

const event = (data: { type: string; [field: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;

const ITEM_ID = "msg_0d2f4c6a8b1e3f5061728394a5b6c7d8e9";

const responses: Format = {
  begin() {
    answers += 1;
    const response = { id: `resp_${answers}`, object: "response", status: "in_progress", output: [] };
    const item = { id: ITEM_ID, type: "message", status: "in_progress", role: "assistant", content: [] };
    return (
      event({ type: "response.created", response }) +
      event({ type: "response.output_item.added", output_index: 0, item }) +
      event({ type: "response.content_part.added", ...PLACE, part: textPart("") })
    );
  },
  delta: (text) =>
    event({
      type: "response.output_text.delta",
      sequence_number: 1024,
      ...PLACE,
      delta: text,
      logprobs: [],
      obfuscation: "aBcDeFgH",
    }),
  end(text) {
    const item = {
      id: ITEM_ID,
      type: "message",
      status: "completed",
      role: "assistant",
      content: [textPart(text)],
    };
    return (
      event({ type: "response.output_text.done", ...PLACE, text }) +
      event({ type: "response.content_part.done", ...PLACE, part: textPart(text) }) +
      finished(item)
    );
  },
  call(id, command) {
    answers += 1;
    const call = {
      id: `fc_${id}`,
      type: "function_call",
      call_id: id,
      name: "shell",
      arguments: JSON.stringify({ command }),
    };
    return event({ type: "response.output_item.added", output_index: 0, item: call }) + finished(call);
  },
};

const PLACE = { item_id: ITEM_ID, output_index: 0, content_index: 0 };

const textPart = (text: string) => ({ type: "output_text", annotations: [], logprobs: [], text });

function finished(item: object): string {
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 100,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 200,
  };
  const response = {
    id: `resp_${answers}`,
    object: "response",
    status: "completed",
    model: "bench",
    output: [item],
    usage,
  };
  return (
    event({ type: "response.output_item.done", output_index: 0, item }) +
    event({ type: "response.completed", response })
  );
}

const chunk = (choice: object, more: object = {}) =>
  data({
    id: `chatcmpl-${answers}`,
    object: "chat.completion.chunk",
    created: 1_760_000_000,
    model: "bench",
    choices: [{ index: 0, finish_reason: null, ...choice }],
    ...more,
  });

const CHAT_USAGE = { usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 } };

const chat: Format = {
  begin() {
    answers += 1;
    return chunk({ delta: { role: "assistant", content: "" } });
  },
  delta: (text) => chunk({ delta: { content: text } }),
  end: () => `${chunk({ delta: {}, finish_reason: "stop" }, CHAT_USAGE)}data: [DONE]\n\n`,
  call(id, command) {
    answers += 1;
    const call = {
      index: 0,
      id,
      type: "function",
      function: { name: "shell", arguments: JSON.stringify({ command }) },
    };
    const end = chunk({ delta: {}, finish_reason: "tool_calls" }, CHAT_USAGE);
    return `${chunk({ delta: { role: "assistant", tool_calls: [call] } })}${end}data: [DONE]\n\n`;
  },
};

const anthropicStart = () => {
  answers += 1;
  const usage = { input_tokens: 100, output_tokens: 1 };
  const message = {
    id: `msg_${answers}`,
    type: "message",
    role: "assistant",
    model: "bench",
    content: [],
    usage,
  };
  return event({ type: "message_start", message });
};

const anthropicEnd = (reason: string) =>
  event({ type: "content_block_stop", index: 0 }) +
  event({
    type: "message_delta",
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: 100 },
  }) +
  event({ type: "message_stop" });

const anthropic: Format = {
  begin: () =>
    anthropicStart() +
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  delta: (text) => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
  end: () => anthropicEnd("end_turn"),
  call: (id, command) =>
    anthropicStart() +
    event({
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id, name: "shell", input: {} },
    }) +
    event({
      type: "content_block_delta",
      index: 0,
      delta: { type: "input_json_delta", partial_json: JSON.stringify({ command }) },
    }) +
    anthropicEnd("tool_use"),
};

const googleChunk = (part: object, more: object = {}) =>
  data({
    candidates: [{ content: { parts: [part], role: "model" }, index: 0, ...more }],
    usageMetadata: {
      promptTokenCount: 100,
      candidatesTokenCount: 100,
      totalTokenCount: 200,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 100 }],
    },
    modelVersion: "bench",
    responseId: `response-${answers}`,
  });

const google: Format = {
  begin() {
    answers += 1;
    return "";
  },
  delta: (text) => googleChunk({ text }),
  end: () => googleChunk({ text: "" }, { finishReason: "STOP" }),
  call: (_id, command) =>
    googleChunk({ functionCall: { name: "shell", args: { command } } }, { finishReason: "STOP" }),
};
