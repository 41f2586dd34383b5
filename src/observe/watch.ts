import type { AuditFacts } from "../contract/audit.ts";
import type { FunctionCallOutputItem, Provider } from "../contract/item.ts";
import type { SessionId } from "../contract/log.ts";
import type { ServerBody, SessionInfo, TurnStatus } from "../contract/message.ts";
import type { Observer, SessionObserver } from "../contract/observe.ts";
import type { Happening, Listener, Watched } from "./happening.ts";

type Status = Extract<ServerBody, { type: "status" }>["payload"];

/** Reads from the messages of sessions what happens, and when. */
export const observeBy = (listeners: readonly Listener[]): Observer => ({
  begin: (info) => new Watch(info, listeners),
});

class Watch implements SessionObserver, Watched {
  readonly id: SessionId;
  provider: Provider;
  model: string;
  readonly #listeners: readonly Listener[];
  #turnBegan: number | undefined;
  /** Since when the model has something to answer. */
  #asked: number | undefined;
  #heardNothing = true;
  #deltas = 0;
  #approvalAsked: number | undefined;
  readonly #tools = new Map<string, { name: string; began: number }>();

  constructor({ session_id, provider, model }: SessionInfo, listeners: readonly Listener[]) {
    this.id = session_id;
    this.provider = provider;
    this.model = model;
    this.#listeners = listeners;
    this.#happened({ type: "session_began" });
  }

  delta(): void {
    this.#deltas += 1;
    if (this.#heardNothing) this.#hear();
  }

  told(body: ServerBody, audit?: AuditFacts): void {
    switch (body.type) {
      case "loading_state":
        if (body.payload.loading) this.#beginTurn();
        break;
      case "agent_finished":
        this.#endTurn(body.payload.status);
        break;
      case "response_item":
        if (body.payload.type === "function_call_output") this.#endTool(body.payload, audit);
        break;
      case "approval_request":
        this.#approvalAsked = performance.now();
        this.#happened({ type: "approval_asked", at: this.#approvalAsked });
        break;
      case "approval_resolved":
        this.#decided(body.payload);
        break;
      case "context_compacted":
        this.#happened({ type: "compaction" });
        break;
      case "status":
        this.#status(body.payload, audit);
        break;
      case "error":
        this.#happened({ type: "error", code: body.payload.details?.code ?? "internal" });
        break;
      case "context_info":
      case "session_info":
      case "response_delta":
        break;
    }
  }

  ended(): void {
    this.#tellDeltas();
    this.#happened({ type: "session_ended" });
  }

  #beginTurn(): void {
    const at = performance.now();
    this.#turnBegan = at;
    this.#ask(at);
    this.#happened({ type: "turn_began", at });
  }

  #endTurn(status: TurnStatus): void {
    const at = performance.now();
    this.#tellDeltas();
    this.#tools.clear();
    this.#happened({ type: "turn_ended", status, began: this.#turnBegan ?? at, at });
    this.#turnBegan = undefined;
    this.#asked = undefined;
  }

  #ask(at: number): void {
    this.#asked = at;
    this.#heardNothing = true;
  }

  #hear(): void {
    this.#heardNothing = false;
    if (this.#asked === undefined) return;
    this.#happened({ type: "first_delta", durationMs: performance.now() - this.#asked });
  }

  #status(status: Status, audit: AuditFacts | undefined): void {
    switch (status.kind) {
      case "response_finished": {
        const at = performance.now();
        // It may have come as a whole; what a tool writes is no word of the model.
        this.#heardNothing = false;
        this.provider = status.provider;
        this.model = status.model;
        const { responseId, usage } = status;
        const began = this.#asked ?? at;
        this.#happened({ type: "response", began, at, responseId, usage, facts: audit?.response });
        break;
      }
      case "tool_started":
        this.#tools.set(status.callId, { name: status.name, began: performance.now() });
        break;
      case "model_changed":
        this.provider = status.provider;
        this.model = status.model;
        break;
      case "retrying":
        this.#happened({ type: "retry" });
        break;
      case "rewound":
      case "named":
      case "archived":
      case "forked":
        break;
    }
  }

  /** The output of a call that was never run has no beginning. */
  #endTool({ call_id }: FunctionCallOutputItem, audit: AuditFacts | undefined): void {
    const at = performance.now();
    const tool = this.#tools.get(call_id);
    this.#tools.delete(call_id);
    if (tool !== undefined) {
      this.#happened({ type: "tool", ...tool, callId: call_id, at, facts: audit?.tool });
    }
    this.#ask(at);
  }

  #decided({ review, decidedBy }: Extract<ServerBody, { type: "approval_resolved" }>["payload"]): void {
    const durationMs = performance.now() - (this.#approvalAsked ?? performance.now());
    this.#approvalAsked = undefined;
    this.#happened({ type: "approval_decided", review, decidedBy, durationMs });
  }

  #tellDeltas(): void {
    if (this.#deltas > 0) this.#happened({ type: "deltas", count: this.#deltas });
    this.#deltas = 0;
  }

  #happened(what: Happening): void {
    for (const listener of this.#listeners) listener.happened(what, this);
  }
}
