import { type AgentClient, type ClientState, connect, ConnectionError } from "../../client/client.ts";
import type { Review, ServerMessage } from "../../contract/message.ts";
import { answered, type Conversation, dropped, EMPTY, receive, said } from "./conversation.ts";
import { onNextFrame } from "./next-frame.ts";
import { serverPath } from "../parts/base-path.ts";

export interface Link {
  /** `none`: a new session that begins with the first message. */
  state: ClientState | "none";
  /** Why there is no connection, for people, and its code. */
  reason?: string;
  code?: string;
}

export interface Talk {
  conversation: Conversation;
  link: Link;
}

/** A conversation with the server: what came is gathered and shown once a frame. */
export class TalkStore {
  #talk: Talk;
  #client: AgentClient | undefined;
  #arrived: ServerMessage[] = [];
  #isScheduled = false;
  readonly #listeners = new Set<() => void>();

  /** Without an id: a new session, which begins with the first message. */
  constructor(sessionId?: string) {
    this.#talk = { conversation: EMPTY, link: { state: "none" } };
    if (sessionId !== undefined) this.#connect({ sessionId, after: -1 });
  }

  get sessionId(): string | undefined {
    return this.#client?.sessionId;
  }

  readonly snapshot = (): Talk => this.#talk;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** `model`: for this and what follows. */
  say(text: string, model?: string): void {
    if (this.#talk.link.state === "closed") this.again();
    const options = model === undefined ? {} : { model };
    const client = this.#client ?? this.#connect(options);
    const id = client.say(text, options);
    this.#change((before) => said(before, { id, text, ...options }));
  }

  /** Takes away what was refused. */
  drop(id: string): void {
    this.#change((before) => dropped(before, id));
  }

  /** Answers the open question; once it is answered, nothing more. */
  answer(requestId: string, review: Review, extra: { patch?: string; denyMessage?: string } = {}): void {
    const before = this.#talk.conversation;
    this.#change((conversation) => answered(conversation, requestId, review));
    if (this.#talk.conversation !== before) this.#open?.answer(requestId, review, extra);
  }

  stop(): void {
    this.#open?.cancel();
  }

  compact(): void {
    this.#open?.compact();
  }

  askContext(): void {
    this.#open?.contextInfo();
  }

  /** After the connection was given up: comes back, and says what was not taken in. */
  again(): void {
    const { sessionId } = this;
    const { waiting } = this.#talk.conversation;
    const refused = waiting.filter(({ state }) => state === "refused");
    this.#client?.close();
    this.#client = undefined;
    this.#arrived = [];
    this.#set({ conversation: { ...EMPTY, waiting: refused }, link: { state: "none" } });
    if (sessionId !== undefined) this.#connect({ sessionId, after: -1 });
    for (const { state, text, model } of waiting) if (state === "waiting") this.say(text, model);
  }

  close(): void {
    this.#client?.close();
    this.#listeners.clear();
  }

  /** Unless the connection was given up. */
  get #open(): AgentClient | undefined {
    return this.#talk.link.state === "closed" ? undefined : this.#client;
  }

  #connect(options: { sessionId?: string; after?: number; model?: string }): AgentClient {
    const client = connect({ url: location.origin + serverPath(""), ...options });
    this.#client = client;
    client.subscribe((message) => this.#receive(message));
    client.onState((state, reason) => this.#setLink({ state, ...(reason !== undefined && { reason }) }));
    client.ready.catch((error: unknown) => {
      if (error instanceof ConnectionError)
        this.#setLink({ state: "closed", reason: error.message, code: error.code });
    });
    this.#setLink({ state: client.state });
    return client;
  }

  #receive(message: ServerMessage): void {
    this.#arrived.push(message);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    onNextFrame(() => this.#show());
  }

  #show(): void {
    this.#isScheduled = false;
    const messages = this.#arrived;
    this.#arrived = [];
    this.#change((before) => messages.reduce(receive, before));
  }

  #change(to: (before: Conversation) => Conversation): void {
    this.#set({ ...this.#talk, conversation: to(this.#talk.conversation) });
  }

  #setLink(link: Link): void {
    this.#set({ ...this.#talk, link });
  }

  #set(talk: Talk): void {
    this.#talk = talk;
    for (const listener of this.#listeners) listener();
  }
}
