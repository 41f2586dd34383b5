import type { ServerMessage } from "../contract/message.ts";
import type { ConnectionError } from "./connection-error.ts";
import { Feed } from "./feed.ts";

interface TurnFacts {
  /** A turn runs already. */
  joins: boolean;
  after: number;
  onLeave: () => void;
}

/** The messages of one turn, for whoever asked for it. */
export class Turn {
  readonly feed: Feed<ServerMessage>;
  /** The message that asked for it, and the last number before. */
  readonly id: string;
  readonly after: number;
  /** The end of a turn that ran already when it was asked for, and that did not take it in, is not its own. */
  #othersEnd: boolean;

  constructor(id: string, { joins, after, onLeave }: TurnFacts) {
    this.id = id;
    this.after = after;
    this.#othersEnd = joins;
    this.feed = new Feed(onLeave);
  }

  /** A turn ran already when it was asked for, as is known only now. */
  join(): void {
    this.#othersEnd = true;
  }

  take(message: ServerMessage): void {
    this.feed.put(message);
    if (isInput(message)) this.#othersEnd = false;
    if (message.type !== "agent_finished") return;
    if (!this.#othersEnd) this.feed.end();
    this.#othersEnd = false;
  }

  fail(error: ConnectionError): void {
    this.feed.end(error);
  }
}

const isInput = ({ type, payload }: ServerMessage): boolean =>
  type === "response_item" && payload.type === "message" && payload.role === "user";
