import type { FunctionCallItem, FunctionCallOutputItem, ResponseItem } from "../../contract/item.ts";
import type { ApprovalRequest, ResponseDelta, ServerMessage, TurnStatus } from "../../contract/message.ts";
import { gitDiff } from "./changes.ts";
import { commandActions, commandLine } from "./command-line.ts";
import {
  agentMessage,
  attemptedCommand,
  type CallSubject,
  callItem,
  finishedCall,
  finishedMessage,
  finishedReasoning,
  reasoning,
  userMessage,
} from "./items.ts";
import { NO_RATE_LIMITS, type Notification } from "./notification.ts";
import { RunningTurn } from "./running-turn.ts";
import type { Question, Told } from "./told.ts";
import { turnError } from "./turn-error.ts";
import { TokenUsage } from "./usage.ts";
import type { ThreadItem, ThreadStatus, ThreadTokenUsage } from "./wire.ts";

type PayloadOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>["payload"];

export interface ProjectionOptions {
  threadId: string;
  /** In tokens. */
  readonly contextWindow: (model: string) => number | undefined;
}

const TURN_STATUS = { completed: "completed", cancelled: "interrupted", failed: "failed" } as const;

/** What the messages of one session are in the words of the Codex app-server, and in its order. */
export class Projection {
  readonly #options: ProjectionOptions;
  readonly #usage = new TokenUsage();
  readonly #calls = new Map<string, FunctionCallItem>();
  /** What calls that have begun do. */
  readonly #subjects = new Map<string, CallSubject>();
  #workspace = "/";
  #open: { requestId: string; callId: string } | undefined;
  #turn: RunningTurn | undefined;
  #lastTurnId = "";
  #told: Told[] = [];

  constructor(options: ProjectionOptions) {
    this.#options = options;
  }

  /** The turn that runs. */
  get turn(): RunningTurn | undefined {
    return this.#turn;
  }

  get status(): ThreadStatus {
    if (!this.#turn) return { type: "idle" };
    return { type: "active", activeFlags: this.#turn.isWaiting ? ["waitingOnApproval"] : [] };
  }

  /** What the last turn has left of the context, for a client that comes later. */
  usage(): { turnId: string; tokenUsage: ThreadTokenUsage } | undefined {
    const tokenUsage = this.#usage.report(this.#options.contextWindow);
    return tokenUsage && { turnId: this.#lastTurnId, tokenUsage };
  }

  /** `at`: when the message came, in milliseconds. */
  take(message: ServerMessage, at: number): Told[] {
    this.#told = [];
    if (message.type !== "loading_state" && message.type !== "agent_finished") this.#warnOfProblem();
    this.#take(message, at);
    return this.#told;
  }

  #take(message: ServerMessage, at: number): void {
    switch (message.type) {
      case "loading_state":
        if (message.payload.loading) this.#begin(message.id, at);
        break;
      case "response_delta":
        this.#takeDelta(message.payload, at);
        break;
      case "response_item":
        this.#takeItem(message.payload, message.id, at);
        break;
      case "approval_request":
        this.#ask(message.id, message.payload, at);
        break;
      case "approval_resolved":
        this.#resolve(message.payload);
        break;
      case "status":
        this.#takeStatus(message.payload, at);
        break;
      case "error":
        this.#takeError(message.payload);
        break;
      case "context_compacted":
        this.#compacted(message.id, message.payload, at);
        break;
      case "agent_finished":
        this.#end(message.payload.status, at);
        break;
      case "session_info":
        this.#workspace = message.payload.workspace;
        break;
      case "context_info":
        break;
    }
  }

  #begin(id: string, at: number): void {
    const turn = new RunningTurn(id, at);
    this.#turn = turn;
    this.#lastTurnId = id;
    this.#told.push({ kind: "turnStarting", turn: turn.asAccepted() });
    this.#tellStatus();
    this.#tell({ method: "turn/started", params: { threadId: this.#threadId, turn: turn.asStarted() } });
  }

  #takeDelta({ itemId, kind, delta, callId }: ResponseDelta, at: number): void {
    const turn = this.#turn;
    if (!turn) return;
    const where = { threadId: this.#threadId, turnId: turn.id, itemId };
    if (kind === "text") {
      this.#beginItem(turn, itemId, () => agentMessage(itemId, at));
      this.#tell({ method: "item/agentMessage/delta", params: { ...where, delta } });
    }
    if (kind === "reasoning") {
      const summaryIndex = 0;
      if (!turn.items.has(itemId)) {
        this.#beginItem(turn, itemId, () => reasoning(itemId, at));
        this.#tell({ method: "item/reasoning/summaryPartAdded", params: { ...where, summaryIndex } });
      }
      this.#tell({ method: "item/reasoning/summaryTextDelta", params: { ...where, delta, summaryIndex } });
    }
    if (kind === "output" && callId !== undefined && turn.items.get(callId)?.type === "commandExecution") {
      const params = { ...where, itemId: callId, delta };
      this.#tell({ method: "item/commandExecution/outputDelta", params });
    }
  }

  #takeItem(item: ResponseItem, messageId: string, at: number): void {
    const turn = this.#turn;
    if (!turn) return;
    const id = item.id ?? messageId;
    switch (item.type) {
      case "message":
        if (item.role === "user") {
          this.#finish(
            turn,
            this.#beginItem(turn, id, () => userMessage(item, id, at)),
            at,
          );
        }
        if (item.role === "assistant") {
          const begun = this.#beginItem(turn, id, () => agentMessage(id, at));
          if (begun.type !== "agentMessage") break;
          turn.lastMessage = { ...finishedMessage(begun, item), completedAtMs: at };
          this.#finish(turn, turn.lastMessage, at);
        }
        break;
      case "reasoning": {
        if (item.summary.length === 0 && !item.content?.length && !turn.items.has(id)) break;
        const begun = this.#beginItem(turn, id, () => reasoning(id, at));
        if (begun.type === "reasoning") this.#finish(turn, finishedReasoning(begun, item), at);
        break;
      }
      case "function_call":
        this.#calls.set(item.call_id, item);
        turn.openCalls.add(item.call_id);
        break;
      case "function_call_output":
        this.#takeOutput(turn, item, at);
        break;
      case "provider_item":
        break;
    }
  }

  #takeOutput(turn: RunningTurn, item: FunctionCallOutputItem, at: number): void {
    const callId = item.call_id;
    const call = this.#calls.get(callId);
    const workspace = this.#workspace;
    if (call) {
      const begun = this.#beginItem(turn, callId, () => {
        const command = attemptedCommand(call.name, call.arguments);
        return callItem(callId, { command, cwd: workspace }, { workspace, at });
      });
      if (begun.type === "commandExecution" || begun.type === "fileChange") {
        const finished = finishedCall(begun, item, turn.declinedCalls.has(callId));
        this.#finish(turn, finished, at);
        if (finished.status === "completed") this.#addToDiff(turn, callId);
      }
    }
    this.#calls.delete(callId);
    this.#subjects.delete(callId);
    turn.openCalls.delete(callId);
    this.#setWaiting(turn, false);
    this.#tellUsage(turn);
  }

  #addToDiff(turn: RunningTurn, callId: string): void {
    const files = this.#subjects.get(callId)?.files;
    if (!files) return;
    turn.diff += gitDiff(files);
    this.#tellDiff(turn);
  }

  #ask(requestId: string, request: ApprovalRequest, at: number): void {
    const turn = this.#turn;
    if (!turn) return;
    const { callId, files } = request;
    const isNew = this.#open?.requestId !== requestId;
    this.#open = { requestId, callId };
    if (isNew && files) this.#beginCall(turn, callId, request, at);
    this.#setWaiting(turn, true);
    if (isNew && !files) this.#beginCall(turn, callId, request, at);
    const startedAtMs = turn.items.get(callId)?.startedAtMs ?? at;
    this.#told.push({ kind: "question", requestId, question: this.#question(turn, request, startedAtMs) });
  }

  #question(turn: RunningTurn, request: ApprovalRequest, startedAtMs: number): Question {
    const { callId: itemId, command, cwd, reason, files } = request;
    const where = { threadId: this.#threadId, turnId: turn.id, itemId, startedAtMs, reason };
    if (files) return { method: "item/fileChange/requestApproval", params: { ...where, grantRoot: null } };
    return {
      method: "item/commandExecution/requestApproval",
      params: {
        kind: "command",
        ...where,
        environmentId: null,
        command: commandLine(command),
        cwd,
        commandActions: commandActions(command),
        availableDecisions: ["accept", "acceptForSession", "decline", "cancel"],
      },
    };
  }

  #resolve({ requestId, review, decidedBy }: PayloadOf<"approval_resolved">): void {
    const turn = this.#turn;
    const open = this.#open;
    if (!turn || open?.requestId !== requestId) return;
    const resolved: Told = { kind: "resolved", requestId };
    // After an explanation the same question is asked again.
    if (review === "EXPLAIN") {
      this.#told.push(resolved);
      return;
    }
    this.#open = undefined;
    const isGranted = review === "YES" || review === "ALWAYS";
    if (!isGranted) turn.declinedCalls.add(open.callId);
    // A question that the end of its turn answers is taken back after that end.
    if (decidedBy === "cancel") turn.after.push(resolved);
    else this.#told.push(resolved);
    if (isGranted) this.#setWaiting(turn, false);
  }

  #takeStatus(status: PayloadOf<"status">, at: number): void {
    const turn = this.#turn;
    switch (status.kind) {
      case "tool_started": {
        const { callId, name, command = [name], cwd = this.#workspace, files } = status;
        if (turn) this.#beginCall(turn, callId, { command, cwd, files }, at);
        break;
      }
      case "response_finished":
        this.#usage.add(status.usage, status.model, status.aside === true);
        if (!turn || status.aside === true) break;
        turn.isUsageDue = true;
        this.#tellUsage(turn);
        break;
      case "retrying":
        if (turn) this.#tellError(turn, turnError(status.reason), true);
        break;
      case "model_changed":
        if (status.reason !== undefined) this.#warn(`The model is ${status.model} now: ${status.reason}`);
        break;
      case "named":
        this.#tell({
          method: "thread/name/updated",
          params: { threadId: this.#threadId, threadName: status.name },
        });
        break;
      case "archived":
      case "forked":
        break;
    }
  }

  #takeError({ message, details }: PayloadOf<"error">): void {
    if (this.#turn) this.#turn.problem = { message, code: details?.code };
    else this.#warn(message);
  }

  #compacted(id: string, { oldTokenCount, newTokenCount }: PayloadOf<"context_compacted">, at: number): void {
    const turn = this.#turn;
    if (!turn) {
      this.#warn(`The context was compacted: from about ${oldTokenCount} to ${newTokenCount} tokens.`);
      return;
    }
    const item: ThreadItem = { type: "contextCompaction", id, startedAtMs: at, completedAtMs: null };
    this.#finish(
      turn,
      this.#beginItem(turn, id, () => item),
      at,
    );
  }

  #end(status: TurnStatus, at: number): void {
    const turn = this.#turn;
    if (!turn) return;
    if (status === "failed") {
      turn.error = turnError(turn.problem?.message ?? "The turn failed.", turn.problem?.code);
      turn.problem = undefined;
      this.#tellError(turn, turn.error, false);
    }
    this.#warnOfProblem();
    turn.openCalls.clear();
    this.#tellUsage(turn);
    this.#told.push({ kind: "turnEnding" });
    this.#turn = undefined;
    this.#open = undefined;
    this.#tellStatus();
    const params = { threadId: this.#threadId, turn: turn.asCompleted(TURN_STATUS[status], at) };
    this.#tell({ method: "turn/completed", params });
    this.#told.push(...turn.after);
  }

  #beginCall(turn: RunningTurn, callId: string, subject: CallSubject, at: number): void {
    const workspace = this.#workspace;
    this.#subjects.set(callId, subject);
    this.#beginItem(turn, callId, () => callItem(callId, subject, { workspace, at }));
  }

  /** The item that has begun under this id, or a new one that is told to begin. */
  #beginItem(turn: RunningTurn, id: string, create: () => ThreadItem): ThreadItem {
    const known = turn.items.get(id);
    if (known) return known;
    const item = create();
    turn.items.set(id, item);
    const { startedAtMs } = item;
    const params = { item, threadId: this.#threadId, turnId: turn.id, startedAtMs };
    this.#tell({ method: "item/started", params });
    return item;
  }

  #finish(turn: RunningTurn, item: ThreadItem, at: number): void {
    const finished = { ...item, completedAtMs: at };
    turn.items.set(item.id, finished);
    const where = { threadId: this.#threadId, turnId: turn.id };
    this.#tell({
      method: "item/completed",
      params: { item: finished, ...where, contentTokenCount: null, completedAtMs: at },
    });
  }

  #setWaiting(turn: RunningTurn, isWaiting: boolean): void {
    if (turn.isWaiting === isWaiting) return;
    turn.isWaiting = isWaiting;
    this.#tellStatus();
  }

  /** The Codex app-server tells the tokens of a response when its calls are done. */
  #tellUsage(turn: RunningTurn): void {
    if (!turn.isUsageDue || turn.openCalls.size > 0) return;
    turn.isUsageDue = false;
    const usage = this.usage();
    if (!usage) return;
    this.#tell({ method: "thread/tokenUsage/updated", params: { threadId: this.#threadId, ...usage } });
    this.#tell(NO_RATE_LIMITS);
    if (turn.diff !== "") this.#tellDiff(turn);
  }

  #tellDiff({ id, diff }: RunningTurn): void {
    this.#tell({ method: "turn/diff/updated", params: { threadId: this.#threadId, turnId: id, diff } });
  }

  #tellError({ id }: RunningTurn, error: ReturnType<typeof turnError>, willRetry: boolean): void {
    this.#tell({ method: "error", params: { error, willRetry, threadId: this.#threadId, turnId: id } });
  }

  #warnOfProblem(): void {
    const problem = this.#turn?.problem;
    if (!problem || !this.#turn) return;
    this.#turn.problem = undefined;
    this.#warn(problem.message);
  }

  #warn(message: string): void {
    this.#tell({ method: "warning", params: { threadId: this.#threadId, message } });
  }

  #tellStatus(): void {
    const params = { threadId: this.#threadId, status: this.status };
    this.#tell({ method: "thread/status/changed", params });
  }

  #tell(notification: Notification): void {
    this.#told.push({ kind: "notification", notification });
  }

  get #threadId() {
    return this.#options.threadId;
  }
}
