import type { ApprovalRequest, ServerMessage, TurnStatus } from "../../contract/message.ts";
import { commandActions, commandLine } from "./command-line.ts";
import { NO_RATE_LIMITS, type Notification } from "./notification.ts";
import { RunningTurn } from "./running-turn.ts";
import type { Question, Told } from "./told.ts";
import { turnError } from "./turn-error.ts";
import { beginCall, takeDelta, takeItem, takeOutput } from "./turn-items.ts";
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

  /** How much was used so far, for a client that comes later. */
  usage(): { turnId: string; tokenUsage: ThreadTokenUsage } | undefined {
    const tokenUsage = this.#usage.report(this.#options.contextWindow);
    return tokenUsage && { turnId: this.#lastTurnId, tokenUsage };
  }

  /** The turn that runs has come to nothing: the server that ran it is gone. */
  abandon(at: number): Told[] {
    this.#told = [];
    if (this.#turn) this.#end(this.#turn, "cancelled", at);
    return this.#told;
  }

  /** `at`: when the message came, in milliseconds. */
  take(message: ServerMessage, at: number): Told[] {
    this.#told = [];
    if (message.type !== "loading_state" && message.type !== "agent_finished") this.#warnOfProblem();
    this.#take(message, at);
    return this.#told;
  }

  #take(message: ServerMessage, at: number): void {
    const turn = this.#turn;
    const place = { id: message.id, at, workspace: this.#workspace };
    switch (message.type) {
      case "loading_state":
        if (message.payload.loading) this.#begin(message.id, at);
        break;
      case "response_delta":
        if (turn) takeDelta(turn, message.payload, at);
        break;
      case "response_item":
        if (!turn) break;
        if (message.payload.type !== "function_call_output") takeItem(turn, message.payload, place);
        else this.#takeOutput(turn, message.payload, at);
        break;
      case "approval_request":
        if (turn) this.#ask(turn, message, at);
        break;
      case "approval_resolved":
        if (turn) this.#resolve(turn, message.payload);
        break;
      case "status":
        this.#takeStatus(message.payload, at);
        break;
      case "error":
        if (turn) turn.problem = { message: message.payload.message, code: message.payload.details?.code };
        else this.#warn(message.payload.message);
        break;
      case "context_compacted":
        this.#compacted(message.id, message.payload, at);
        break;
      case "agent_finished":
        if (turn) this.#end(turn, message.payload.status, at);
        break;
      case "session_info":
        this.#workspace = message.payload.workspace;
        break;
      case "context_info":
        break;
    }
  }

  #begin(id: string, at: number): void {
    const { threadId } = this.#options;
    const tell = (notification: Notification) => this.#tell(notification);
    const turn = new RunningTurn({ id, threadId, startedAtMs: at, tell });
    this.#turn = turn;
    this.#lastTurnId = id;
    this.#told.push({ kind: "turnStarting", turn: turn.asAccepted() });
    this.#tellStatus();
    this.#tell({ method: "turn/started", params: { threadId, turn: turn.asStarted() } });
  }

  #takeOutput(turn: RunningTurn, item: Parameters<typeof takeOutput>[1], at: number): void {
    takeOutput(turn, item, { at, workspace: this.#workspace });
    this.#setWaiting(turn, false);
    this.#tellUsage(turn);
  }

  #ask(
    turn: RunningTurn,
    { id: requestId, payload }: Extract<ServerMessage, { type: "approval_request" }>,
    at: number,
  ): void {
    const { callId, files } = payload;
    const isNew = this.#open?.requestId !== requestId;
    this.#open = { requestId, callId };
    const begin = () => beginCall(turn, callId, payload, { at, workspace: this.#workspace });
    if (isNew && files) begin();
    this.#setWaiting(turn, true);
    if (isNew && !files) begin();
    const startedAtMs = turn.items.get(callId)?.startedAtMs ?? at;
    this.#told.push({ kind: "question", requestId, question: question(turn, payload, startedAtMs) });
  }

  #resolve(turn: RunningTurn, { requestId, review, decidedBy }: PayloadOf<"approval_resolved">): void {
    const open = this.#open;
    if (open?.requestId !== requestId) return;
    const resolved: Told = { kind: "resolved", requestId };
    const isGranted = review === "YES" || review === "ALWAYS";
    // A question that the end of its turn answers is taken back after that end.
    if (decidedBy === "cancel") turn.after.push(resolved);
    else this.#told.push(resolved);
    // After an explanation the same question is asked again.
    if (review === "EXPLAIN") return;
    this.#open = undefined;
    if (decidedBy === "cancel") turn.isWaiting = false;
    if (isGranted) this.#setWaiting(turn, false);
    else turn.declinedCalls.add(open.callId);
  }

  #takeStatus(status: PayloadOf<"status">, at: number): void {
    const turn = this.#turn;
    switch (status.kind) {
      case "tool_started": {
        const { callId, name, command = [name], cwd = this.#workspace, files } = status;
        const place = { at, workspace: this.#workspace };
        if (turn) beginCall(turn, callId, { command, cwd, files }, place);
        break;
      }
      case "response_finished":
        this.#usage.add(status.usage, status.model, status.aside === true);
        if (!turn || status.aside === true) break;
        turn.isUsageDue = true;
        this.#tellUsage(turn);
        break;
      case "retrying":
        turn?.tellError(turnError(status.reason), true);
        break;
      case "model_changed":
        if (status.reason !== undefined) this.#warn(`The model is ${status.model} now: ${status.reason}`);
        break;
      case "named": {
        const { threadId } = this.#options;
        this.#tell({ method: "thread/name/updated", params: { threadId, threadName: status.name } });
        break;
      }
      case "archived":
      case "forked":
      case "rewound":
        break;
    }
  }

  #compacted(id: string, { oldTokenCount, newTokenCount }: PayloadOf<"context_compacted">, at: number): void {
    const turn = this.#turn;
    if (!turn) {
      this.#warn(`The context was compacted: from about ${oldTokenCount} to ${newTokenCount} tokens.`);
      return;
    }
    const item: ThreadItem = { type: "contextCompaction", id, startedAtMs: at, completedAtMs: null };
    turn.finish(
      turn.begin(id, () => item),
      at,
    );
  }

  #end(turn: RunningTurn, status: TurnStatus, at: number): void {
    if (status === "failed") {
      turn.error = turnError(turn.problem?.message ?? "The turn failed.", turn.problem?.code);
      turn.problem = undefined;
      turn.tellError(turn.error, false);
    }
    this.#warnOfProblem();
    turn.calls.clear();
    this.#tellUsage(turn);
    this.#told.push({ kind: "turnEnding" });
    this.#turn = undefined;
    this.#open = undefined;
    this.#tellStatus();
    const params = { threadId: turn.threadId, turn: turn.asCompleted(TURN_STATUS[status], at) };
    this.#tell({ method: "turn/completed", params });
    this.#told.push(...turn.after);
  }

  #setWaiting(turn: RunningTurn, isWaiting: boolean): void {
    if (turn.isWaiting === isWaiting) return;
    turn.isWaiting = isWaiting;
    this.#tellStatus();
  }

  /** The Codex app-server tells the tokens of a response when its calls are done. */
  #tellUsage(turn: RunningTurn): void {
    if (!turn.isUsageDue || turn.calls.size > 0) return;
    turn.isUsageDue = false;
    const usage = this.usage();
    if (!usage) return;
    this.#tell({ method: "thread/tokenUsage/updated", params: { threadId: turn.threadId, ...usage } });
    this.#tell(NO_RATE_LIMITS);
    turn.tellDiff();
  }

  #warnOfProblem(): void {
    const turn = this.#turn;
    if (!turn?.problem) return;
    this.#warn(turn.problem.message);
    turn.problem = undefined;
  }

  #warn(message: string): void {
    this.#tell({ method: "warning", params: { threadId: this.#options.threadId, message } });
  }

  #tellStatus(): void {
    const params = { threadId: this.#options.threadId, status: this.status };
    this.#tell({ method: "thread/status/changed", params });
  }

  #tell(notification: Notification): void {
    this.#told.push({ kind: "notification", notification });
  }
}

function question(turn: RunningTurn, request: ApprovalRequest, startedAtMs: number): Question {
  const { callId: itemId, command, cwd, reason, files } = request;
  const about = { ...turn.where, itemId, startedAtMs, reason };
  if (files) return { method: "item/fileChange/requestApproval", params: { ...about, grantRoot: null } };
  return {
    method: "item/commandExecution/requestApproval",
    params: {
      kind: "command",
      ...about,
      environmentId: null,
      command: commandLine(command),
      cwd,
      commandActions: commandActions(command),
      availableDecisions: ["accept", "acceptForSession", "decline", "cancel"],
    },
  };
}
