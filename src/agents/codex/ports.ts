import type { AgentOutput, ApprovalAnswer } from "../../contract/agent.ts";
import type { FunctionCallItem, ResponseItem, Usage } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import type { InputItem } from "../../contract/message.ts";
import type { TokenUsage } from "../../contract/model.ts";
import type { Assessment, ToolCall } from "../../contract/tool.ts";

/** The conversation of a session: whatever enters it goes out as an item. */
export interface Conversation {
  readonly items: readonly ResponseItem[];
  readonly lastResponseId: string | undefined;
  /** Throws AgentError `unknown_response`. */
  checkResponse(responseId: string | undefined): void;
  continueFrom(responseId: string | undefined): AsyncGenerator<AgentOutput>;
  noteResponse(responseId: string): void;
  mark(): void;
  restore(lines: AsyncIterable<LogLine>): Promise<{
    model: string | undefined;
    responses: readonly { usage: Usage; model: string; aside: boolean }[];
  }>;
  add(item: ResponseItem): AsyncGenerator<AgentOutput>;
  takeIn(messages: readonly InputItem[]): AsyncGenerator<AgentOutput>;
  abortOpenCalls(): AsyncGenerator<AgentOutput>;
}

/** A call that may need a person's word. */
interface Question {
  item: FunctionCallItem;
  call: ToolCall;
  assessment: Assessment;
  /** Says what the call would do. */
  explain(): AsyncGenerator<AgentOutput, void>;
}

/** `output` is what the model reads of a call that was denied. */
type Permission = { kind: "run"; assessment: Assessment } | { kind: "deny" | "deny-stop"; output: string };

/** Where calls are judged, by the session's policy and by people: one question at a time. */
export interface Desk {
  decide(assessment: Assessment): "run" | "ask" | "forbid";
  ask(question: Question, signal: AbortSignal): AsyncGenerator<AgentOutput, Permission>;
  /** Throws AgentError `no_pending_approval`. */
  answer(answer: ApprovalAnswer): void;
}

/** What responses cost, and what may be spent. */
export interface Purse {
  /** Throws AgentError `budget_exceeded` when the next request would be too much. */
  check(model: string, inputTokens: number): void;
  pay(model: string, usage: TokenUsage, aside: boolean): Usage;
  recall(usage: Usage, of: { model: string; aside: boolean }): void;
}
