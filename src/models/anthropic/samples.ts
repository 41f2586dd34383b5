import type { FunctionCallItem, MessageItem, Provider, ResponseItem } from "../../contract/item.ts";

// Items and blocks that the tests of this folder are built of.

export const THINKING = { type: "thinking", thinking: "hm", signature: "sig-1" };

export const user = (text: string): MessageItem => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});
export const assistant = (text: string): MessageItem => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }],
});
export const call = (call_id: string, args = "{}", name = "shell"): FunctionCallItem => ({
  type: "function_call",
  call_id,
  name,
  arguments: args,
});
export const output = (call_id: string, text = "ok"): ResponseItem => ({
  type: "function_call_output",
  call_id,
  output: text,
});
export const reasoning = (opaque: unknown = THINKING, provider: Provider = "anthropic"): ResponseItem => ({
  type: "reasoning",
  summary: [],
  origin: { provider, model: "some-model", opaque },
});
export const use = (id: string, input: unknown = {}, name = "shell") => ({
  type: "tool_use",
  id,
  name,
  input,
});
export const result = (id: string, content = "ok") => ({ type: "tool_result", tool_use_id: id, content });
export const aborted = (id: string) => ({ ...result(id, "aborted"), is_error: true });
export const text = (words: string) => ({ type: "text", text: words });
