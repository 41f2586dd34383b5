import type { FunctionCallItem } from "../../contract/item.ts";
import type { ErrorCode } from "../../contract/error.ts";
import type { CallSubject } from "./items.ts";
import type { Notification } from "./notification.ts";
import type { Told } from "./told.ts";
import type { AgentMessage, ThreadItem, Turn, TurnError } from "./wire.ts";

interface RunningTurnParts {
  id: string;
  threadId: string;
  startedAtMs: number;
  readonly tell: (notification: Notification) => void;
}

/** A turn and what it has come to so far. */
export class RunningTurn {
  readonly id: string;
  readonly threadId: string;
  readonly startedAtMs: number;
  readonly tell: (notification: Notification) => void;
  /** Items that were told to have begun, as they were told last. */
  readonly items = new Map<string, ThreadItem>();
  lastMessage: AgentMessage | undefined;
  /** Calls that have no output yet. */
  readonly calls = new Map<string, FunctionCallItem>();
  /** What calls that have begun do. */
  readonly subjects = new Map<string, CallSubject>();
  readonly declinedCalls = new Set<string>();
  /** Everything that patches changed, as one diff. */
  diff = "";
  isUsageDue = false;
  isWaiting = false;
  /** An error that ends the turn, or is only a warning: what follows decides. */
  problem: { message: string; code: ErrorCode | undefined } | undefined;
  error: TurnError | null = null;
  /** What is told after the end. */
  readonly after: Told[] = [];

  constructor({ id, threadId, startedAtMs, tell }: RunningTurnParts) {
    this.id = id;
    this.threadId = threadId;
    this.startedAtMs = startedAtMs;
    this.tell = tell;
  }

  get where() {
    return { threadId: this.threadId, turnId: this.id };
  }

  /** The item that has begun under this id, or a new one that is told to begin. */
  begin(id: string, create: () => ThreadItem): ThreadItem {
    const known = this.items.get(id);
    if (known) return known;
    const item = create();
    this.items.set(id, item);
    const { startedAtMs } = item;
    this.tell({ method: "item/started", params: { item, ...this.where, startedAtMs } });
    return item;
  }

  finish(item: ThreadItem, at: number): void {
    const finished = { ...item, completedAtMs: at };
    this.items.set(item.id, finished);
    if (finished.type === "agentMessage") this.lastMessage = finished;
    const params = { item: finished, ...this.where, contentTokenCount: null, completedAtMs: at };
    this.tell({ method: "item/completed", params });
  }

  tellDiff(): void {
    if (this.diff !== "") {
      this.tell({ method: "turn/diff/updated", params: { ...this.where, diff: this.diff } });
    }
  }

  tellError(error: TurnError, willRetry: boolean): void {
    this.tell({ method: "error", params: { error, willRetry, ...this.where } });
  }

  /** As whoever began it is told: it has not started to work yet. */
  asAccepted(): Turn {
    return { ...this.asStarted(), startedAt: null };
  }

  asStarted(): Turn {
    return {
      id: this.id,
      rootTurnId: this.id,
      items: [],
      itemsView: "notLoaded",
      status: "inProgress",
      error: null,
      startedAt: seconds(this.startedAtMs),
      completedAt: null,
      durationMs: null,
    };
  }

  asCompleted(status: "completed" | "interrupted" | "failed", at: number): Turn {
    const summary = status === "completed" ? this.lastMessage : undefined;
    return {
      ...this.asStarted(),
      ...(summary && { items: [summary], itemsView: "summary" }),
      status,
      error: this.error,
      completedAt: seconds(at),
      durationMs: at - this.startedAtMs,
    };
  }
}

export const seconds = (ms: number) => Math.floor(ms / 1000);
