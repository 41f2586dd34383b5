import type { LogLine } from "../../contract/log.ts";
import { answerWord, callWords, deciderWords } from "./call-words.ts";
import { readToolResult } from "../parts/tool-result.ts";
import {
  type Block,
  EMPTY_TOOL,
  endedWithTurn,
  isUnfinished,
  type NoticeBlock,
  roleOf,
  type TextBlock,
  type ToolBlock,
  withArguments,
  withOutput,
  withText,
} from "./blocks.ts";
import { contentText, filesOf, flagAt, numberAt, textAt, valueAt } from "./read.ts";

/** Follows a session line by line: what somebody saw who was there. */
export class Conversation {
  #blocks: Block[] = [];
  readonly #byItem = new Map<string, number>();
  readonly #byCall = new Map<string, number>();
  readonly #byRequest = new Map<string, number>();
  isWorking: boolean;

  constructor(blocks: readonly Block[] = [], isWorking = false) {
    this.#keep([...blocks]);
    this.isWorking = isWorking;
  }

  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  add({ message_data: message, seq }: LogLine): void {
    const payload = valueAt(message, "payload");
    switch (textAt(message, "type") ?? "") {
      case "response_item":
        return this.#item(payload, seq);
      case "response_delta":
        return this.addDelta(payload, textAt(payload, "delta") ?? "", seq);
      case "approval_request":
        return this.#ask(textAt(message, "id") ?? "", payload, seq);
      case "approval_resolved":
        return this.#decide(payload);
      case "status":
        return this.#status(payload, seq);
      case "loading_state":
        this.isWorking = flagAt(payload, "loading");
        return undefined;
      case "agent_finished":
        return this.#finish(payload, seq);
      case "context_compacted":
        return this.#note(seq, "The conversation was compacted.", "muted");
      case "error":
        return this.#note(seq, textAt(payload, "message") ?? "An error.", "bad");
      default:
        return undefined;
    }
  }

  /** `delta`: a piece of the payload's text. */
  addDelta(payload: unknown, delta: string, seq: number): void {
    const itemId = textAt(payload, "itemId") ?? "";
    const callId = textAt(payload, "callId") ?? "";
    const kind = textAt(payload, "kind");
    if (kind === "output") return this.#change(this.#byCall.get(callId), (block) => withOutput(block, delta));
    if (kind === "arguments")
      return this.#tool({ itemId, callId, seq }, (tool) => withArguments(tool, delta));
    const index = this.#byItem.get(itemId);
    if (index !== undefined) return this.#change(index, (block) => withText(block, delta));
    this.#push({
      kind: kind === "reasoning" ? "reasoning" : "assistant",
      itemId,
      text: delta,
      isOpen: true,
      seq,
    });
  }

  #item(item: unknown, seq: number): void {
    const itemId = textAt(item, "id") ?? `line ${seq}`;
    const callId = textAt(item, "call_id") ?? "";
    switch (textAt(item, "type") ?? "") {
      case "message":
        return this.#text({
          kind: roleOf(item),
          itemId,
          text: contentText(valueAt(item, "content")),
          isOpen: false,
          seq,
        });
      case "reasoning": {
        const text = contentText(valueAt(item, "summary")) || contentText(valueAt(item, "content"));
        return text === "" ? undefined : this.#text({ kind: "reasoning", itemId, text, isOpen: false, seq });
      }
      case "function_call": {
        const name = textAt(item, "name") ?? "tool";
        const argumentsText = textAt(item, "arguments") ?? "";
        return this.#tool({ itemId, callId, seq }, (tool) => ({
          ...tool,
          callId,
          name,
          argumentsText,
          state: tool.state === "writing" ? "written" : tool.state,
        }));
      }
      case "function_call_output":
        return this.#output(callId, textAt(item, "output") ?? "", seq);
      default:
        return undefined;
    }
  }

  #text(block: TextBlock): void {
    const index = this.#byItem.get(block.itemId);
    if (index === undefined) this.#push(block);
    else this.#change(index, ({ seq }) => ({ ...block, seq }));
  }

  #output(callId: string, json: string, seq: number): void {
    const { text, exitCode } = readToolResult(json);
    this.#tool({ itemId: "", callId, seq }, (tool) => ({
      ...tool,
      output: text,
      exitCode: exitCode ?? undefined,
      state:
        tool.state === "denied" ? "denied" : exitCode === 0 || exitCode === undefined ? "done" : "failed",
    }));
  }

  #ask(requestId: string, payload: unknown, seq: number): void {
    const callId = textAt(payload, "callId") ?? "";
    this.#tool({ itemId: "", callId, seq }, (tool) => ({
      ...tool,
      requestId,
      name: textAt(payload, "tool") ?? tool.name,
      words: callWords(payload),
      reason: textAt(payload, "reason") ?? "",
      files: filesOf(payload),
      state: "asked",
      decision: "",
    }));
    const index = this.#byCall.get(callId);
    if (index !== undefined) this.#byRequest.set(requestId, index);
  }

  #decide(payload: unknown): void {
    const review = textAt(payload, "review") ?? "";
    const decision = `${answerWord(review)} ${deciderWords(textAt(payload, "decidedBy"))}`.trim();
    const state = review === "EXPLAIN" ? "explaining" : review.startsWith("NO") ? "denied" : "running";
    this.#change(this.#byRequest.get(textAt(payload, "requestId") ?? ""), (block) =>
      block.kind === "tool" ? { ...block, decision, state } : block,
    );
  }

  #status(payload: unknown, seq: number): void {
    switch (textAt(payload, "kind") ?? "") {
      case "tool_started": {
        const files = filesOf(payload);
        return this.#tool({ itemId: "", callId: textAt(payload, "callId") ?? "", seq }, (tool) => ({
          ...tool,
          name: textAt(payload, "name") ?? tool.name,
          words: callWords(payload),
          files: files.length > 0 ? files : tool.files,
          state: "running",
        }));
      }
      case "model_changed":
        return this.#note(seq, `The model is now ${textAt(payload, "model") ?? "another one"}.`, "muted");
      case "retrying":
        // The model is asked again: what it had begun to say will not be finished.
        this.#keep(this.#blocks.filter((block) => !isUnfinished(block)));
        return this.#note(
          seq,
          `Waits ${numberAt(payload, "inMs") ?? "?"} ms: ${textAt(payload, "reason") ?? ""}`,
          "warn",
        );
      case "rewound":
        return this.#note(seq, "The conversation goes on from an earlier response.", "muted");
      default:
        return undefined;
    }
  }

  #finish(payload: unknown, seq: number): void {
    this.isWorking = false;
    this.#blocks = this.#blocks.map(endedWithTurn);
    const status = textAt(payload, "status");
    if (status === "cancelled") this.#note(seq, "The turn was stopped.", "warn");
    if (status === "failed") this.#note(seq, "The turn failed.", "bad");
  }

  #note(seq: number, text: string, tone: NoticeBlock["tone"]): void {
    this.#push({ kind: "notice", seq, text, tone });
  }

  #tool(of: { itemId: string; callId: string; seq: number }, change: (tool: ToolBlock) => ToolBlock): void {
    const index = this.#byCall.get(of.callId) ?? this.#byItem.get(of.itemId);
    if (index === undefined) return this.#push(change({ ...EMPTY_TOOL, ...of }));
    this.#change(index, (block) => (block.kind === "tool" ? change(block) : block));
  }

  #keep(blocks: Block[]): void {
    this.#blocks = blocks;
    for (const known of [this.#byItem, this.#byCall, this.#byRequest]) known.clear();
    for (const [index, block] of blocks.entries()) this.#enter(block, index);
  }

  #push(block: Block): void {
    this.#enter(block, this.#blocks.length);
    this.#blocks.push(block);
  }

  #change(index: number | undefined, change: (block: Block) => Block): void {
    const block = index === undefined ? undefined : this.#blocks[index];
    if (index === undefined || block === undefined) return;
    const changed = change(block);
    this.#blocks[index] = changed;
    this.#enter(changed, index);
  }

  #enter(block: Block, index: number): void {
    if (block.kind === "notice") return;
    if (block.itemId !== "") this.#byItem.set(block.itemId, index);
    if (block.kind !== "tool") return;
    if (block.callId !== "") this.#byCall.set(block.callId, index);
    if (block.requestId !== "") this.#byRequest.set(block.requestId, index);
  }
}
