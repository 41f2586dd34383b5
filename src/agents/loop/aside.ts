import type { AgentOutput } from "../../contract/agent.ts";
import type { MessageItem } from "../../contract/item.ts";
import type { InputItem } from "../../contract/message.ts";
import type { Model } from "../../contract/model.ts";
import type { Budget } from "./budget.ts";
import { estimateTokens, textTokens } from "./context/meter.ts";
import { History } from "./history.ts";
import { BrokenResponse, respond } from "./turn.ts";

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
 * Asks the model something beside the conversation, without tools. Only the count of tokens and, where it is told, the
 * finished message go out, marked as aside; returns the text, undefined where it did not come to its end.
 */
export async function* askAside(
  { model, instructions, text, sessionId, budget, told }: AsideRequest,
  signal: AbortSignal,
): AsyncGenerator<AgentOutput, string | undefined> {
  const question: InputItem = { type: "message", role: "user", content: [{ type: "input_text", text }] };
  const request = { instructions, items: [question], tools: [], sessionId, cache: "none" } as const;
  const inputTokens = estimateTokens(question) + textTokens(instructions.length);
  const exchange = { history: new History(), budget, inputTokens, aside: true };
  let answer = "";
  let isWhole = false;
  try {
    for await (const output of respond(model, request, exchange, signal)) {
      const { body, audit } = output;
      if (body.type === "status") {
        isWhole ||= audit?.response?.stop === "completed";
        yield output;
      } else if (body.type === "response_item" && body.payload.type === "message") {
        const message = { ...body.payload, aside: true };
        answer += textOf(message);
        if (told) yield { body: { type: "response_item", payload: message } };
      }
    }
  } catch (error) {
    throw error instanceof BrokenResponse ? error.error : error;
  }
  return isWhole ? answer : undefined;
}

const textOf = ({ content }: MessageItem) =>
  content.map((part) => (part.type === "output_text" ? part.text : "")).join("");
