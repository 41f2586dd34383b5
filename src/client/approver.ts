import type { ServerMessage } from "../contract/message.ts";
import type { AgentClient, Answer, ApprovalRequestMessage } from "./client.ts";

type Decide = (request: ApprovalRequestMessage) => Answer | undefined | Promise<Answer | undefined>;

/** A server that repeats what was missed tells the answer right after its request. */
const REPEATED_ANSWER_MS = 100;

/** Asks whoever decides, once for each request that is open, and hands the answer on if it is still wanted. */
export class Approver {
  readonly #decide: Decide | undefined;
  readonly #client: Pick<AgentClient, "answer" | "state">;
  readonly #open = new Map<string, ApprovalRequestMessage>();
  /** What was told before this client came, up to this number; an open request may be among it while a turn runs. */
  #past = { upTo: -1, isRunning: false };

  constructor(decide: Decide | undefined, client: Pick<AgentClient, "answer" | "state">) {
    this.#decide = decide;
    this.#client = client;
  }

  take(message: ServerMessage): void {
    const { type, payload } = message;
    if (type === "session_info") {
      this.#past = { upTo: payload.head_seq, isRunning: payload.state === "running" };
    }
    if (type === "approval_request") {
      this.#open.set(message.id, message);
      void this.#ask(message);
    }
    if (type === "approval_resolved") this.#open.delete(payload.requestId);
    if (type === "agent_finished") this.#open.clear();
  }

  async #ask(request: ApprovalRequestMessage): Promise<void> {
    if (this.#decide === undefined) return;
    if ((request.seq ?? Infinity) <= this.#past.upTo) {
      if (!this.#past.isRunning) return;
      await new Promise((resolve) => setTimeout(resolve, REPEATED_ANSWER_MS));
      if (!this.#isOpen(request)) return;
    }
    const answer = await this.#decide(request);
    if (answer === undefined || !this.#isOpen(request) || this.#client.state === "closed") return;
    const { review, ...extra } = typeof answer === "string" ? { review: answer } : answer;
    this.#client.answer(request.id, review, extra);
  }

  #isOpen(request: ApprovalRequestMessage): boolean {
    return this.#open.get(request.id) === request;
  }
}
