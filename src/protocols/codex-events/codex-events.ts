import { AgentError } from "../../contract/error.ts";
import type { SessionId } from "../../contract/log.ts";
import type { Review } from "../../contract/message.ts";
import type { EventAnswer, EventClient, EventPage } from "../../contract/page.ts";
import type { Entry, Session, Sessions, Subscriber } from "../../contract/session.ts";
import { ask, userText } from "../ask.ts";
import { readJson } from "../read-json.ts";
import { CodexEvents } from "./events.ts";
import { MessagesRequest } from "./request.ts";

type UserMessage = Extract<MessagesRequest, { type: "user_message" }>;

/**
 * `POST /messages`: a `user_message` is one conversation, told as Codex events; the other types answer the approval that a
 * conversation waits for.
 */
export function messages(sessions: Sessions): EventPage {
  const running = new Map<SessionId, Conversation>();
  return async ({ body }) => {
    const request = readJson(body, MessagesRequest);
    if (request.type === "user_message") return { open: (client) => open(request, client) };
    const conversation = running.get(request.id);
    if (conversation === undefined) {
      throw new AgentError(
        "unknown_session",
        `There is no conversation ${request.id} that could be answered.`,
      );
    }
    conversation.answer(request);
    return { status: 200, body: JSON.stringify({ ok: true }) };
  };

  async function open(request: UserMessage, client: EventClient): ReturnType<EventAnswer["open"]> {
    const { model, work_dir: workspace } = request;
    const session = await sessions.create({ model, workspace, endsAlone: true });
    const conversation = new Conversation(session, client, request);
    running.set(session.id, conversation);
    const closed = () => {
      running.delete(session.id);
      conversation.closed();
    };
    return { closed, headers: { "X-Session-Id": session.id } };
  }
}

class Conversation {
  readonly #session: Session;
  readonly #client: EventClient;
  /** What every event carries. */
  readonly #id: string;
  readonly #events = new CodexEvents();
  readonly #subscriber: Subscriber;
  readonly #detach: () => void;
  /** The request for approval that waits for an answer. */
  #openRequest: string | undefined;

  constructor(session: Session, client: EventClient, { id = session.id, message }: UserMessage) {
    this.#session = session;
    this.#client = client;
    this.#id = id;
    this.#subscriber = {
      info: client.info,
      deliver: (entry) => this.#deliver(entry),
      drained: () => client.drained(),
      end: (reason) => client.end(reason),
    };
    this.#detach = session.attach(this.#subscriber);
    const payload = { input: userText(message), previousResponseId: undefined, model: undefined };
    ask(session, { type: "user_input", payload }, this.#subscriber);
  }

  /** Throws AgentError `no_pending_approval` when nothing waits for it. */
  answer(request: Exclude<MessagesRequest, UserMessage>): void {
    switch (request.type) {
      case "user_confirm":
        return this.#review("YES");
      case "user_edit":
        return this.#review("NO_CONTINUE", request.message);
      case "user_cancel":
        return this.#review("NO");
    }
  }

  /** Its conversation ends with it: nobody could come back to it. */
  closed(): void {
    if (this.#session.info().state === "running") ask(this.#session, { type: "cancel" }, this.#subscriber);
    this.#detach();
  }

  #review(review: Review, customDenyMessage?: string): void {
    const requestId = this.#openRequest;
    if (requestId === undefined) {
      throw new AgentError("no_pending_approval", "The conversation does not wait for an answer now.");
    }
    const payload = { review, requestId, customDenyMessage, applyPatch: undefined };
    ask(this.#session, { type: "approval_response", payload }, this.#subscriber);
  }

  #deliver({ message }: Entry): void {
    if (message.type === "approval_request") this.#openRequest = message.id;
    if (message.type === "approval_resolved") this.#openRequest = undefined;
    for (const msg of this.#events.of(message)) {
      const event = { event: msg.type, data: JSON.stringify({ id: this.#id, msg }) };
      this.#client.send(event, message.type === "response_delta");
    }
    if (message.type === "agent_finished") this.#client.end("session_ended");
  }
}
