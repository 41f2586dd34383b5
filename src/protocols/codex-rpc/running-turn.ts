import type { ErrorCode } from "../../contract/error.ts";
import type { Told } from "./told.ts";
import type { AgentMessage, ThreadItem, Turn, TurnError } from "./wire.ts";

/** What a turn has come to so far. */
export class RunningTurn {
  readonly id: string;
  readonly startedAtMs: number;
  /** Items that were told to have begun, as they were told last. */
  readonly items = new Map<string, ThreadItem>();
  lastMessage: AgentMessage | undefined;
  /** Calls of the last response that have no output yet. */
  readonly openCalls = new Set<string>();
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

  constructor(id: string, startedAtMs: number) {
    this.id = id;
    this.startedAtMs = startedAtMs;
  }

  /** As whoever began it is told: it has not started to work yet. */
  asAccepted(): Turn {
    return { ...this.#turn("inProgress"), startedAt: null };
  }

  asStarted(): Turn {
    return this.#turn("inProgress");
  }

  asCompleted(status: "completed" | "interrupted" | "failed", at: number): Turn {
    const summary = status === "completed" ? this.lastMessage : undefined;
    return {
      ...this.#turn(status),
      ...(summary && { items: [summary], itemsView: "summary" }),
      error: this.error,
      completedAt: seconds(at),
      durationMs: at - this.startedAtMs,
    };
  }

  #turn(status: Turn["status"]): Turn {
    return {
      id: this.id,
      rootTurnId: this.id,
      items: [],
      itemsView: "notLoaded",
      status,
      error: null,
      startedAt: seconds(this.startedAtMs),
      completedAt: null,
      durationMs: null,
    };
  }
}

export const seconds = (ms: number) => Math.floor(ms / 1000);
