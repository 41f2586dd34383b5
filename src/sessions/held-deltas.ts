import type { ResponseDelta } from "../contract/message.ts";
import type { RedactedStream, Redactor } from "../contract/redact.ts";

/** A delta that may go out, and how many secrets were replaced in it. */
export interface SafeDelta {
  payload: ResponseDelta;
  redactions: number;
}

interface Held {
  stream: RedactedStream;
  last: ResponseDelta;
}

/** The deltas of a session, each item's own stream through the redactor: they may come out later, and never reordered. */
export class HeldDeltas {
  readonly #redactor: Redactor;
  readonly #streams = new Map<string, Held>();
  /** Most deltas are of the same item as the one before. */
  #newest: Held | undefined;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** Undefined while all of it is held back. */
  push(payload: ResponseDelta): SafeDelta | undefined {
    const held = this.#heldOf(payload);
    held.last = payload;
    const { text, count } = held.stream.push(payload.delta);
    if (text === payload.delta) return { payload, redactions: count };
    return text === "" ? undefined : { payload: { ...payload, delta: text }, redactions: count };
  }

  /** What was held back of an item that is finished, or of all of them. */
  flush(itemId?: string): SafeDelta[] {
    const rest: SafeDelta[] = [];
    this.#newest = undefined;
    for (const [key, { stream, last }] of this.#streams) {
      if (itemId !== undefined && last.itemId !== itemId) continue;
      this.#streams.delete(key);
      const { text, count } = stream.flush();
      if (text !== "") rest.push({ payload: { ...last, delta: text }, redactions: count });
    }
    return rest;
  }

  #heldOf(payload: ResponseDelta): Held {
    const { kind, itemId } = payload;
    const newest = this.#newest;
    if (newest?.last.itemId === itemId && newest.last.kind === kind) return newest;
    const key = `${kind} ${itemId}`;
    const held = this.#streams.get(key) ?? { stream: this.#redactor.stream(), last: payload };
    this.#streams.set(key, held);
    this.#newest = held;
    return held;
  }
}
