import type { ClientMessage, Review } from "../../contract/message.ts";
import type { ClientInfo, EndReason, Entry, Session, Subscriber } from "../../contract/session.ts";
import { refusal, RPC_CODES, RpcError } from "./frame.ts";
import type { Hall } from "./hall.ts";
import type { ThreadHistory } from "./history.ts";
import type { Notification } from "./notification.ts";
import type { Projection } from "./projection.ts";
import { toThreadId } from "./thread-id.ts";
import type { Question, Told } from "./told.ts";
import type { Turn } from "./wire.ts";

/** The client that follows. */
export interface Listener {
  readonly info: ClientInfo;
  notify(notification: Notification): void;
  ask(number: number, question: Question): void;
  drained(): Promise<void>;
  /** A fault of ours in what is told: the client cannot go on. */
  fail(error: unknown): void;
  /** The session has ended. */
  lost(follower: Follower, reason: EndReason): void;
}

/** Who waits for what a request brings. */
interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: RpcError): void;
}

/** One client in one thread: what happens there is told to it, what it wants is handed on. */
export class Follower implements Subscriber {
  readonly session: Session;
  readonly threadId: string;
  readonly info: ClientInfo;
  readonly #listener: Listener;
  readonly #hall: Hall;
  readonly #projection: Projection;
  #detach: () => void = () => {};
  #open: { requestId: string; number: number } | undefined;
  readonly #starting: Waiting<Turn>[] = [];
  readonly #interrupting: Waiting<void>[] = [];

  constructor(
    { session, history }: { session: Session; history: ThreadHistory },
    { listener, hall }: { listener: Listener; hall: Hall },
  ) {
    this.session = session;
    this.threadId = toThreadId(session.id);
    this.info = listener.info;
    this.#listener = listener;
    this.#hall = hall;
    this.#projection = history.projection;
  }

  /** From now on everything after `head` is told. Throws AgentError `rate_limited`. */
  follow(head: number): void {
    this.#detach = this.session.attach(this, head);
  }

  leave(): void {
    this.#detach();
  }

  get projection(): Projection {
    return this.#projection;
  }

  /** The number of the question that waits for an answer. */
  get openNumber(): number | undefined {
    return this.#open?.number;
  }

  deliver({ message }: Entry): void {
    try {
      for (const told of this.#projection.take(message, Date.now())) this.#pass(told);
    } catch (error) {
      this.#listener.fail(error);
    }
  }

  drained(): Promise<void> {
    return this.#listener.drained();
  }

  end(reason: EndReason): void {
    const gone = new RpcError(RPC_CODES.internal, "The session has ended.");
    for (const waiting of [...this.#starting.splice(0), ...this.#interrupting.splice(0)])
      waiting.reject(gone);
    this.#listener.lost(this, reason);
  }

  /** Begins a turn. The answer is given in its place: before anything of the turn is told. */
  start(message: ClientMessage, json: string, waiting: Waiting<Turn>): void {
    this.#handFor(waiting, this.#starting, () => this.hand(message, json));
  }

  /** Cancels the turn. The answer is given when all of it has ended. */
  interrupt(json: string, waiting: Waiting<void>): void {
    this.#handFor(waiting, this.#interrupting, () => this.hand({ id: "", type: "cancel" }, json));
  }

  /** Answers the open question. */
  answer(review: Review, json: string): void {
    const open = this.#open;
    if (!open) return;
    const payload = {
      review,
      requestId: open.requestId,
      applyPatch: undefined,
      customDenyMessage: undefined,
    };
    try {
      this.hand({ id: "", type: "approval_response", payload }, json);
    } catch {
      // Somebody else was faster: everyone is told whose answer counts.
    }
  }

  /** Hands a message to the session. Throws RpcError when it is refused. */
  hand(message: ClientMessage, json: string): void {
    let refused: RpcError | undefined;
    const from: Subscriber = {
      info: this.info,
      deliver({ message: { type, payload } }) {
        if (type === "error") refused = refusal(payload.details?.code ?? "internal", payload.message);
      },
      drained: () => this.drained(),
      end: () => {},
    };
    this.session.receive(message, json, from);
    if (refused) throw refused;
  }

  /** Nobody waits for what was refused. */
  #handFor<Result>(waiting: Waiting<Result>, queue: Waiting<Result>[], hand: () => void): void {
    queue.push(waiting);
    try {
      hand();
    } catch (error) {
      queue.splice(queue.indexOf(waiting), 1);
      throw error;
    }
  }

  #pass(told: Told): void {
    switch (told.kind) {
      case "turnStarting":
        for (const waiting of this.#starting.splice(0)) waiting.resolve(told.turn);
        break;
      case "turnEnding":
        for (const waiting of this.#interrupting.splice(0)) waiting.resolve();
        break;
      case "question": {
        const number = this.#hall.numberOf(told.requestId);
        this.#open = { requestId: told.requestId, number };
        this.#listener.ask(number, told.question);
        break;
      }
      case "resolved": {
        const requestId = this.#hall.numberOf(told.requestId);
        this.#open = undefined;
        const params = { threadId: this.threadId, requestId };
        this.#listener.notify({ method: "serverRequest/resolved", params });
        break;
      }
      case "notification":
        this.#notify(told.notification);
        break;
    }
  }

  #notify(notification: Notification): void {
    this.#listener.notify(notification);
    const { method } = notification;
    if (method === "thread/status/changed" || method === "thread/name/updated") {
      this.#hall.announce(this.threadId, notification);
    }
  }
}
