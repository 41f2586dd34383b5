import { AgentError } from "../../contract/error.ts";
import type { Seq } from "../../contract/log.ts";
import type { EventClient } from "../../contract/page.ts";
import type { Entry, Session, Subscriber } from "../../contract/session.ts";
import { ask, userText } from "../ask.ts";
import { InvestigationEvents } from "./events.ts";
import type { Payload } from "./payload.ts";

interface InvestigationOptions {
  connectionId: string;
  client: EventClient;
  session: Session;
  /** How long it stays open while no turn runs. */
  idleMs: number;
  /** It ends with its first turn. */
  once: boolean;
}

/** One event stream of a session. */
export class Investigation {
  readonly #options: InvestigationOptions;
  readonly #events: InvestigationEvents;
  readonly #subscriber: Subscriber;
  #idle: NodeJS.Timeout | undefined;
  #detach: () => void = () => undefined;

  constructor(options: InvestigationOptions) {
    const { client } = options;
    this.#options = options;
    this.#events = new InvestigationEvents(options.connectionId);
    this.#subscriber = {
      info: client.info,
      deliver: (entry) => this.#deliver(entry),
      drained: () => client.drained(),
      end: (reason) => client.end(reason),
    };
  }

  /** Throws AgentError when the session has too many clients. */
  begin(after: Seq | undefined): void {
    this.#detach = this.#options.session.attach(this.#subscriber, after);
    this.#restIfIdle();
  }

  /** Throws AgentError `no_pending_approval` or `conflict` for what cannot be done now. */
  take(payload: Payload, model?: string): void {
    const { session } = this.#options;
    switch (payload.kind) {
      case "prompt": {
        const input = { input: userText(payload.text), model, previousResponseId: undefined };
        return ask(session, { type: "user_input", payload: input }, this.#subscriber);
      }
      case "approval": {
        const { tool_call_id: callId, decision: review, message } = payload.approval;
        const requestId = this.#events.openRequestFor(callId);
        if (requestId === undefined) {
          throw new AgentError("no_pending_approval", `No approval of the call ${callId} is asked for now.`);
        }
        const answer = { review, requestId, customDenyMessage: message ?? undefined, applyPatch: undefined };
        return ask(session, { type: "approval_response", payload: answer }, this.#subscriber);
      }
      case "cancel":
        if (session.info().state !== "running") {
          throw new AgentError("conflict", "There is no turn to cancel.");
        }
        return ask(session, { type: "cancel" }, this.#subscriber);
    }
  }

  /** Makes room for the same client, which has come again. */
  giveWay(): void {
    this.#options.client.end("session_ended");
  }

  closed(): void {
    clearTimeout(this.#idle);
    this.#detach();
  }

  #deliver({ seq, message }: Entry): void {
    const { client, once } = this.#options;
    if (message.type === "loading_state" && message.payload.loading) clearTimeout(this.#idle);
    const event = this.#events.of(message);
    if (event !== undefined) {
      const data = JSON.stringify(event.data);
      client.send({ id: String(seq), event: event.event, data }, message.type === "response_delta");
    }
    if (message.type !== "agent_finished") return;
    if (once) client.end("session_ended");
    else this.#restIfIdle();
  }

  #restIfIdle(): void {
    const { session, client, idleMs } = this.#options;
    clearTimeout(this.#idle);
    if (session.info().state === "running") return;
    this.#idle = setTimeout(() => client.end("session_ended"), idleMs);
  }
}
