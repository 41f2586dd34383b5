import type { AgentOutput } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";
import type { ResponseItem } from "../../contract/item.ts";
import type { LogLine } from "../../contract/log.ts";
import type { InputItem } from "../../contract/message.ts";
import { History, unrunOutput } from "./history.ts";
import { mintItemId } from "./ids.ts";
import { type Restored, restoreHistory } from "./restore.ts";

/** The history together with what is told of it: whatever enters it goes out as an item. */
export class Conversation {
  readonly history = new History();
  #lastResponseId: string | undefined;

  get items(): readonly ResponseItem[] {
    return this.history.items;
  }

  /** What a client continues from. */
  get lastResponseId(): string | undefined {
    return this.#lastResponseId;
  }

  /** Throws `unknown_response`. Before the first response every other is fine: the client has reconnected. */
  checkResponse(responseId: string | undefined): void {
    if (responseId === undefined || this.#lastResponseId === undefined) return;
    if (this.history.knowsResponse(responseId)) return;
    throw new AgentError(
      "unknown_response",
      `previousResponseId ${responseId} is no response of this session, or lies before a compaction of its context.`,
    );
  }

  /** Goes back to a response: later items leave the conversation. */
  async *continueFrom(responseId: string | undefined): AsyncGenerator<AgentOutput> {
    if (responseId === undefined || !this.history.rewind(responseId)) return;
    this.#lastResponseId = responseId;
    yield { body: { type: "status", payload: { kind: "rewound", responseId } } };
  }

  /** A response has come to its end. */
  noteResponse(responseId: string): void {
    this.#lastResponseId = responseId;
  }

  /** All that belongs to the last response is in. */
  mark(): void {
    if (this.#lastResponseId !== undefined) this.history.markResponse(this.#lastResponseId);
  }

  async restore(lines: AsyncIterable<LogLine>): Promise<Restored> {
    const restored = await restoreHistory(lines, this.history);
    this.#lastResponseId = restored.lastResponseId;
    return restored;
  }

  async *add(item: ResponseItem): AsyncGenerator<AgentOutput> {
    this.history.append(item);
    yield { body: { type: "response_item", payload: item } };
  }

  async *takeIn(messages: readonly InputItem[], more: { standing?: true } = {}): AsyncGenerator<AgentOutput> {
    for (const message of messages) yield* this.add({ ...message, ...more, id: mintItemId("message") });
  }

  /** What the user says once and for all. */
  async *standing(text: string): AsyncGenerator<AgentOutput> {
    const content: InputItem["content"] = [{ type: "input_text", text }];
    yield* this.takeIn([{ type: "message", role: "user", content }], { standing: true });
  }

  /** Tells the model something that nobody said. */
  async *note(text: string): AsyncGenerator<AgentOutput> {
    yield* this.takeIn([{ type: "message", role: "system", content: [{ type: "input_text", text }] }]);
  }

  /** Every call has an output in the end. */
  async *abortOpenCalls(): AsyncGenerator<AgentOutput> {
    for (const call of this.history.openCalls()) yield* this.add(unrunOutput(call, "aborted"));
  }
}
