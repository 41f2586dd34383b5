/** A message to the server. */
export interface Sent {
  id: string;
  frame: string;
  /** The last number that was told when it was sent. */
  after: number;
}

/** More are not remembered: a connection that swallows so many tells in time that it is lost. */
const REMEMBERED = 64;

/** What is said to the server: what waits for a connection, and what a lost connection may have swallowed. */
export class Outbox {
  #waiting: Omit<Sent, "after">[] = [];
  #sent: Sent[] = [];

  put(id: string, frame: string): void {
    this.#waiting.push({ id, frame });
  }

  /** Sends what waits. */
  flush(send: (frame: string) => void, after: number): void {
    for (const { id, frame } of this.#waiting.splice(0)) {
      this.#sent.push({ id, frame, after });
      send(frame);
    }
    this.#sent = this.#sent.slice(-REMEMBERED);
  }

  /** What was sent, and may have been lost with its connection. */
  get unsure(): readonly Sent[] {
    return this.#sent;
  }

  /** What was sent counts as arrived. */
  forget(): void {
    this.#sent = [];
  }

  waits(id: string): boolean {
    return this.#waiting.some((one) => one.id === id);
  }

  /** What did not arrive waits again, before all else. */
  settle(arrived: (id: string) => boolean): void {
    const lost = this.#sent.filter(({ id }) => !arrived(id));
    this.#sent = [];
    this.#waiting.unshift(...lost);
  }
}
