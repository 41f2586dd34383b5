import type { FunctionCallItem, ResponseItem } from "../../contract/item.ts";

/**
 * The output of every call that has one. An output belongs to the first open call of its id; outputs without a call,
 * and second ones, belong to nobody. Ids may come again in a later step: what was open until then stays unanswered.
 */
export function pairOutputs(items: readonly ResponseItem[]): Map<FunctionCallItem, string> {
  const outputs = new Map<FunctionCallItem, string>();
  const open = new Map<string, { step: number; calls: FunctionCallItem[] }>();
  let step = 0;
  for (const item of items) {
    if (item.type === "function_call") {
      const known = open.get(item.call_id);
      if (known?.step === step) known.calls.push(item);
      else open.set(item.call_id, { step, calls: [item] });
    } else if (item.type === "function_call_output") {
      const call = open.get(item.call_id)?.calls.shift();
      if (call) outputs.set(call, item.output);
    }
    if (item.type === "function_call_output" || (item.type === "message" && item.role !== "assistant"))
      step += 1;
  }
  return outputs;
}
