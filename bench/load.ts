/** Many clients in one process, driven by messages of harness/clients.ts. */
import { type Conversation, DOORS, type DoorName } from "./harness/doors.ts";
import { now, readStamp } from "./harness/plan.ts";
import { percentile } from "./harness/statistics.ts";

export type Order =
  | { kind: "open"; door: DoorName; origin: string; sessions: number }
  /** Each client says it, and then waits for the end of its turn: so many times. */
  | { kind: "say"; text: string; turns: number }
  | { kind: "say_only"; text: string; first: number }
  | { kind: "pause"; first: number }
  | { kind: "close"; first: number };

/** Asks for no answer. */
export interface Blink {
  kind: "blink";
  first: number;
  ms: number;
}

export interface Percentiles {
  p50: number;
  p99: number;
}

/** All times in milliseconds. */
export interface Answer {
  /** Until each client may speak. */
  openMs: Percentiles;
  deltas: number;
  wallMs: number;
  /** From a delta's sending to its coming. */
  latencyMs: Percentiles;
  /** From the user's words to the provider's request, and from the provider's first delta to the client's. */
  toProviderMs: Percentiles;
  firstDeltaMs: Percentiles;
  turnMs: Percentiles;
}

class Client {
  #conversation: Conversation | undefined;
  readonly #words: { delta: string; end: string };
  readonly #totals: Totals;
  #saidAt = 0;
  #ended: (() => void) | undefined;

  constructor(door: DoorName, totals: Totals) {
    this.#words = DOORS[door];
    this.#totals = totals;
  }

  async open(door: DoorName, origin: URL): Promise<void> {
    const begun = now();
    this.#conversation = await DOORS[door].open(origin, (frame) => this.#take(frame));
    this.#totals.open.push(now() - begun);
  }

  get conversation(): Conversation {
    if (this.#conversation === undefined) throw new Error("the client is not connected");
    return this.#conversation;
  }

  async turn(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = resolve;
    this.#saidAt = now();
    this.conversation.say(text);
    await promise;
    this.#totals.turn.push(now() - this.#saidAt);
  }

  #take(frame: string): void {
    if (frame.includes(this.#words.delta)) this.#takeDelta(frame);
    else if (frame.includes(this.#words.end)) this.#ended?.();
  }

  #takeDelta(frame: string): void {
    const totals = this.#totals;
    totals.deltas += 1;
    const stamp = readStamp(frame);
    if (stamp === undefined) return;
    const latency = now() - stamp.sent;
    totals.latency.push(latency);
    if (stamp.received === undefined) return;
    totals.firstDelta.push(latency);
    totals.toProvider.push(stamp.received - this.#saidAt);
  }
}

/** Times in microseconds. */
class Totals {
  deltas = 0;
  started = now();
  readonly open: number[] = [];
  readonly latency: number[] = [];
  readonly toProvider: number[] = [];
  readonly firstDelta: number[] = [];
  readonly turn: number[] = [];

  reset(): void {
    this.deltas = 0;
    this.started = now();
    for (const times of [this.open, this.latency, this.toProvider, this.firstDelta, this.turn]) {
      times.length = 0;
    }
  }

  answer(): Answer {
    return {
      deltas: this.deltas,
      wallMs: (now() - this.started) / 1000,
      openMs: inMs(this.open),
      latencyMs: inMs(this.latency),
      toProviderMs: inMs(this.toProvider),
      firstDeltaMs: inMs(this.firstDelta),
      turnMs: inMs(this.turn),
    };
  }
}

const inMs = (times: readonly number[]): Percentiles => ({
  p50: percentile(times, 50) / 1000,
  p99: percentile(times, 99) / 1000,
});

const totals = new Totals();
let clients: Client[] = [];

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "open":
      for (let number = 0; number < order.sessions; number += 1) {
        const client = new Client(order.door, totals);
        await client.open(order.door, new URL(order.origin));
        clients.push(client);
      }
      return;
    case "say":
      await Promise.all(clients.map((client) => sayTurns(client, order)));
      return;
    case "say_only":
      for (const { conversation } of clients.slice(0, order.first)) conversation.say(order.text);
      return;
    case "pause":
      for (const { conversation } of clients.slice(0, order.first)) conversation.pause();
      return;
    case "close":
      for (const { conversation } of clients.slice(0, order.first)) conversation.close();
      clients = clients.slice(order.first);
      return;
  }
}

async function sayTurns(client: Client, { text, turns }: { text: string; turns: number }): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await client.turn(text);
}

/** Reads for a moment, whatever else goes on. */
function blink({ first, ms }: Blink): void {
  const slow = clients.slice(0, first);
  for (const { conversation } of slow) conversation.resume();
  setTimeout(() => {
    for (const { conversation } of slow) conversation.pause();
  }, ms);
}

process.on("message", (order: Order | Blink) => {
  if (order.kind === "blink") return blink(order);
  totals.reset();
  obey(order).then(
    () => process.send?.({ answer: totals.answer() }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
