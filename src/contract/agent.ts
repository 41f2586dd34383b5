import type { AuditFacts } from "./audit.ts";
import type { LogLine } from "./log.ts";
import type { ContextInfo, InputItem, ResponseDelta, Review, ServerBody, TurnStatus } from "./message.ts";
import type { Provider } from "./item.ts";

export interface UserInput {
  items: InputItem[];
  previousResponseId?: string | undefined;
  model?: string | undefined;
}

export interface ApprovalAnswer {
  review: Review;
  /** The open request when absent. */
  requestId?: string | undefined;
  /** An edited patch. */
  patch?: string | undefined;
  denyMessage?: string | undefined;
  /** The id of the client that answers. */
  client: string;
}

/**
 * One thing that an agent says, for the log and the clients. An agent does not go on before the session has taken it,
 * and before a `status` `tool_started` is taken the log is durable. `id` is set where others refer to the message.
 */
export interface AgentOutput {
  body: ServerBody;
  id?: string;
  audit?: AuditFacts;
}

/** What users have said and no turn has taken in, oldest first. What a turn leaves is the next one's. */
export interface Inbox {
  take(): UserInput | undefined;
  readonly isEmpty: boolean;
}

/**
 * Runs turns. One at a time: `run` is not called again before its generator has returned or thrown. A turn begins with
 * the oldest input, and takes in what comes while it runs before each request to the model. A thrown AgentError fails
 * the turn; when the signal fires, the generator ends its work, says what became of open calls, and returns `cancelled`.
 * With `tell` the model's deltas may be handed to it rather than yielded, at once and in their place between what is
 * yielded.
 */
export interface Agent {
  readonly provider: Provider;
  readonly model: string;
  /** What a client continues from; undefined before the first response. */
  readonly lastResponseId: string | undefined;
  run(
    inbox: Inbox,
    signal: AbortSignal,
    tell?: (delta: ResponseDelta) => void,
  ): AsyncGenerator<AgentOutput, Exclude<TurnStatus, "failed">>;
  /** Throws AgentError `no_pending_approval`. */
  answer(answer: ApprovalAnswer): void;
  contextInfo(): ContextInfo;
  /** Replaces older items by a summary, while no turn runs. */
  compact(signal: AbortSignal): AsyncGenerator<AgentOutput, void>;
  /** Takes the conversation up from the session's log, with the model that it had. */
  restore(lines: AsyncIterable<LogLine>): Promise<void>;
  /** Lets go of what it holds, a process for one: the session has ended, and no turn runs any more. */
  close?(): Promise<void>;
}

export type { AuditFacts } from "./audit.ts";
