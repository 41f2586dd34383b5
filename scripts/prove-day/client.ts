import { ClientMessage, type ServerMessage, type TurnStatus } from "../../src/contract/message.ts";
import type { Entry, Session, Subscriber } from "../../src/contract/session.ts";

/** A client that does something with each message, and can wait for the end of a turn. */
export class DayClient implements Subscriber {
  readonly info = { id: "day", door: "day" };
  readonly #take: (message: ServerMessage) => void;
  #finished = Promise.withResolvers<TurnStatus>();

  constructor(take: (message: ServerMessage) => void) {
    this.#take = take;
  }

  /** The status of the turn that is about to begin. */
  finished(): Promise<TurnStatus> {
    this.#finished = Promise.withResolvers();
    return this.#finished.promise;
  }

  send(session: Session | undefined, message: object): void {
    session?.receive(ClientMessage.parse(message), JSON.stringify(message), this);
  }

  deliver({ message }: Entry): void {
    this.#take(message);
    if (message.type === "agent_finished") this.#finished.resolve(message.payload.status);
  }

  async drained(): Promise<void> {}

  end(): void {}
}
