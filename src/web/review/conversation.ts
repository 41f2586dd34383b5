import type { LogLine } from "../../contract/log.ts";
import { answerWord, callWords, deciderWords } from "./call-words.ts";
import { contentText, flagAt, listAt, numberAt, textAt, toolResult, valueAt } from "./read.ts";

/** One thing in the conversation as it stood at some moment. A change makes a new one. */
export type Block = TextBlock | ToolBlock | NoticeBlock;

interface Place {
  /** The line it began with. */
  seq: number;
}

export interface TextBlock extends Place {
  kind: "user" | "assistant" | "reasoning";
  itemId: string;
  text: string;
  isDone: boolean;
}

export interface ToolBlock extends Place {
  kind: "tool";
  itemId: string;
  callId: string;
  requestId: string;
  name: string;
  /** What it does, when that is known; before that the arguments as they are written. */
  words: string;
  argumentsText: string;
  state: "written" | "asked" | "running" | "done" | "failed" | "denied";
  /** Why it asks. */
  reason: string;
  /** What was answered. */
  decision: string;
  files: readonly FileDiff[];
  output: string;
  exitCode: number | undefined;
}

export interface NoticeBlock extends Place {
  kind: "notice";
  text: string;
  tone: "muted" | "warn" | "bad" | "good";
}

export interface FileDiff {
  path: string;
  kind: string;
  diff: string;
}

/** Follows a session line by line: what somebody saw who was there. */
export class Conversation {
  #blocks: Block[];
  readonly #byItem = new Map<string, number>();
  readonly #byCall = new Map<string, number>();
  readonly #byRequest = new Map<string, number>();
  isWorking: boolean;

  constructor(blocks: readonly Block[] = [], isWorking = false) {
    this.#blocks = [...blocks];
    this.isWorking = isWorking;
    for (const [index, block] of this.#blocks.entries()) this.#enter(block, index);
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
      isDone: false,
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
          isDone: true,
          seq,
        });
      case "reasoning": {
        const text = contentText(valueAt(item, "summary")) || contentText(valueAt(item, "content"));
        return text === "" ? undefined : this.#text({ kind: "reasoning", itemId, text, isDone: true, seq });
      }
      case "function_call": {
        const name = textAt(item, "name") ?? "tool";
        const argumentsText = textAt(item, "arguments") ?? "";
        return this.#tool({ itemId, callId, seq }, (tool) => ({ ...tool, callId, name, argumentsText }));
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
    const { text, exitCode } = toolResult(json);
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
    const state = review.startsWith("NO") ? "denied" : "running";
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

const EMPTY_TOOL: Omit<ToolBlock, "seq" | "itemId" | "callId"> = {
  kind: "tool",
  requestId: "",
  name: "",
  words: "",
  argumentsText: "",
  state: "written",
  reason: "",
  decision: "",
  files: [],
  output: "",
  exitCode: undefined,
};

const roleOf = (item: unknown): TextBlock["kind"] =>
  textAt(item, "role") === "assistant" ? "assistant" : "user";

const withText = (block: Block, delta: string): Block =>
  block.kind === "notice" || block.kind === "tool" ? block : { ...block, text: block.text + delta };

const withOutput = (block: Block, delta: string): Block =>
  block.kind === "tool" ? { ...block, output: block.output + delta } : block;

const withArguments = (tool: ToolBlock, delta: string): ToolBlock => ({
  ...tool,
  argumentsText: tool.argumentsText + delta,
});

/** The files of a request or a start, each with its diff. */
export const filesOf = (payload: unknown): FileDiff[] =>
  listAt(payload, "files").map((file) => ({
    path: textAt(file, "path") ?? "",
    kind: textAt(file, "kind") ?? "",
    diff: textAt(file, "diff") ?? "",
  }));
