import type { AgentOutput } from "../../contract/agent.ts";
import type { InputItem } from "../../contract/message.ts";
import type { Model } from "../../contract/model.ts";
import type { Budget } from "./budget.ts";
import { History } from "./history.ts";
import { respond } from "./turn.ts";

export interface AsideRequest {
  model: Model;
  instructions: string;
  text: string;
  sessionId: string;
  budget: Budget;
  /** The answer is for the clients, too. */
  told: boolean;
}

/**
 * Asks the model something beside the conversation, without tools. Only the count of tokens and, where it is
 * told, the finished message go out, marked as aside; returns the text.
 */
export async function* askAside(
  { model, instructions, text, sessionId, budget, told }: AsideRequest,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, string> {
  const question: InputItem = { type: "message", role: "user", content: [{ type: "input_text", text }] };
  const request = { instructions, items: [question], tools: [], sessionId };
  let answer = "";
  for await (const output of respond(model, request, new History(), signal)) {
    const { body } = output;
    if (body.type === "status" && body.payload.kind === "response_finished") {
      budget.add(body.payload.usage);
      yield { ...output, body: { ...body, payload: { ...body.payload, aside: true } } };
    } else if (body.type === "status") {
      yield output;
    } else if (body.type === "response_item" && body.payload.type === "message") {
      const message = { ...body.payload, aside: true };
      for (const part of message.content) if (part.type === "output_text") answer += part.text;
      if (told) yield { body: { type: "response_item", payload: message } };
    }
  }
  return answer;
}
