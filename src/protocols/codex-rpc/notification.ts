import type { Thread, ThreadItem, ThreadStatus, ThreadTokenUsage, Turn, TurnError } from "./wire.ts";

interface OfThread {
  threadId: string;
}

interface OfTurn extends OfThread {
  turnId: string;
}

interface OfItem extends OfTurn {
  itemId: string;
}

type Method<Name extends string, Params> = { method: Name; params: Params };

/** What we tell without being asked. */
export type Notification =
  | Method<"thread/started", { thread: Thread }>
  | Method<"thread/status/changed", OfThread & { status: ThreadStatus }>
  | Method<"thread/tokenUsage/updated", OfTurn & { tokenUsage: ThreadTokenUsage }>
  | Method<"thread/name/updated", OfThread & { threadName: string }>
  | Method<"thread/archived" | "thread/unarchived" | "thread/closed", OfThread>
  | Method<"turn/started" | "turn/completed", OfThread & { turn: Turn }>
  | Method<"turn/diff/updated", OfTurn & { diff: string }>
  | Method<"item/started", OfTurn & { item: ThreadItem; startedAtMs: number }>
  | Method<"item/completed", OfTurn & { item: ThreadItem; contentTokenCount: null; completedAtMs: number }>
  | Method<"item/agentMessage/delta" | "item/commandExecution/outputDelta", OfItem & { delta: string }>
  | Method<"item/reasoning/summaryPartAdded", OfItem & { summaryIndex: number }>
  | Method<"item/reasoning/summaryTextDelta", OfItem & { summaryIndex: number; delta: string }>
  | Method<"serverRequest/resolved", OfThread & { requestId: number }>
  | Method<"account/rateLimits/updated", { rateLimits: Record<string, null> }>
  | Method<"error", OfTurn & { error: TurnError; willRetry: boolean }>
  | Method<"warning", { threadId: string | null; message: string }>;

/** What a client that is too slow can do without: the finished item repeats it. */
export const isDroppable = ({ method }: Notification) => /Delta$|\/delta$/.test(method);

/** We know of no limits of an account; clients wait for it all the same. */
export const NO_RATE_LIMITS: Notification = {
  method: "account/rateLimits/updated",
  params: {
    rateLimits: {
      limitId: null,
      limitName: null,
      normalModelSlug: null,
      primary: null,
      secondary: null,
      credits: null,
      individualLimit: null,
      spendControlReached: null,
      planType: null,
      rateLimitReachedType: null,
    },
  },
};
