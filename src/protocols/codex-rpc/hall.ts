import type { Histories } from "./history.ts";
import type { Notification } from "./notification.ts";

/** A model that clients may choose. */
export interface OfferedModel {
  name: string;
  provider: string;
  /** In tokens. */
  contextWindow: number;
}

/** What clients are told of the server. */
export interface ServerFacts {
  version: string;
  /** Absolute. */
  workspace: string;
  /** The model of threads that ask for none. */
  model: string;
  provider: string;
  approvalPolicy: "suggest" | "auto-edit" | "full-auto";
  sandbox: "read-only" | "workspace-write" | "danger-full-access";
  /** Whether commands reach the network. */
  network: boolean;
}

/** One client, as the others see it. */
export interface Guest {
  /** Whether it gets what happens in this thread by itself. */
  follows(threadId: string): boolean;
  notify(notification: Notification): void;
}

export interface HallParts {
  facts: ServerFacts;
  models: readonly OfferedModel[];
  histories: Histories;
  readonly onFault: (error: unknown) => void;
}

/** Old questions whose number is still known. */
const MAX_NUMBERS = 1024;

/** What the clients of this door have in common. */
export class Hall {
  readonly facts: ServerFacts;
  readonly models: readonly OfferedModel[];
  readonly histories: Histories;
  readonly onFault: HallParts["onFault"];
  readonly #guests = new Set<Guest>();
  readonly #numbers = new Map<string, number>();
  #nextNumber = 0;
  /** What was last told of each thread to those who do not follow it. */
  readonly #announced = new Map<string, string>();

  constructor({ facts, models, histories, onFault }: HallParts) {
    this.facts = facts;
    this.models = models;
    this.histories = histories;
    this.onFault = onFault;
  }

  enter(guest: Guest): void {
    this.#guests.add(guest);
  }

  leave(guest: Guest): void {
    this.#guests.delete(guest);
  }

  /** The number of a question: the same for all clients. */
  numberOf(requestId: string): number {
    const known = this.#numbers.get(requestId);
    if (known !== undefined) return known;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#numbers.set(requestId, number);
    const [oldest] = this.#numbers.keys();
    if (this.#numbers.size > MAX_NUMBERS && oldest !== undefined) this.#numbers.delete(oldest);
    return number;
  }

  /** To everyone. */
  broadcast(notification: Notification): void {
    for (const guest of this.#guests) guest.notify(notification);
  }

  /** To those who do not follow the thread; once, however many clients that follow it say so. */
  announce(threadId: string, notification: Notification): void {
    const json = JSON.stringify(notification);
    const key = `${notification.method} ${threadId}`;
    if (this.#announced.get(key) === json) return;
    this.#announced.delete(key);
    this.#announced.set(key, json);
    const [oldest] = this.#announced.keys();
    if (this.#announced.size > MAX_NUMBERS && oldest !== undefined) this.#announced.delete(oldest);
    for (const guest of this.#guests) if (!guest.follows(threadId)) guest.notify(notification);
  }
}
