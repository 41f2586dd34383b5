import type { ApprovalAnswer } from "../../contract/agent.ts";
import { AgentError } from "../../contract/error.ts";

/** How a request ended. */
export type Decision = { by: "client"; answer: ApprovalAnswer } | { by: "timeout" } | { by: "cancel" };

interface OpenRequest {
  id: string;
  decide(decision: Decision): void;
}

/** The one approval request that may be open in a session. */
export class Approvals {
  #open: OpenRequest | undefined;

  /** From now on an answer is taken. Must be called before any client is told of the request. */
  open(id: string, timeoutMs: number, signal: AbortSignal): Promise<Decision> {
    if (this.#open) throw new Error(`approval request ${this.#open.id} is still open`);
    const { promise, resolve } = Promise.withResolvers<Decision>();
    const onAbort = () => decide({ by: "cancel" });
    const timer = setTimeout(() => decide({ by: "timeout" }), timeoutMs);
    const decide = (decision: Decision) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#open = undefined;
      resolve(decision);
    };
    this.#open = { id, decide };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    return promise;
  }

  answer(answer: ApprovalAnswer): void {
    const open = this.#open;
    if (!open) {
      throw new AgentError("no_pending_approval", "No approval request is open: nothing was changed.");
    }
    if (answer.requestId !== undefined && answer.requestId !== open.id) {
      throw new AgentError(
        "no_pending_approval",
        `The open approval request is ${open.id}, but the answer names ${answer.requestId}: nothing was changed.`,
      );
    }
    open.decide({ by: "client", answer });
  }
}
