import { z } from "zod";
import type { FunctionCallItem } from "../../contract/item.ts";
import type { ToolSpec } from "../../contract/model.ts";

const WRAPPERS = new Set(["parallel", "multi_tool_use.parallel", "multi_tool_use_parallel"]);

const Wrapper = z.object({
  tool_uses: z
    .array(z.object({ recipient_name: z.string(), parameters: z.record(z.string(), z.unknown()) }))
    .min(1),
});

/** Whether this name is OpenAI's own for "several calls in one", which a model may write though nobody offered it. */
export function isWrapper(name: string, tools: readonly ToolSpec[]): boolean {
  return WRAPPERS.has(name) && tools.every((tool) => tool.name !== name);
}

/** The calls within a wrapper, each with an id of its own; the call as it is when they cannot be read. */
export function unpack(call: FunctionCallItem): FunctionCallItem[] {
  const wrapper = parse(call.arguments);
  if (call.status === "incomplete" || wrapper === undefined) return [call];
  return wrapper.tool_uses.map(({ recipient_name, parameters }, n) => ({
    ...call,
    call_id: `${call.call_id}_${n}`,
    name: recipient_name.replace(/^functions\./, ""),
    arguments: JSON.stringify(parameters),
  }));
}

function parse(text: string): z.infer<typeof Wrapper> | undefined {
  try {
    return Wrapper.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
