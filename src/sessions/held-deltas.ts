import type { ResponseDelta } from "../contract/message.ts";
import type { RedactedStream, Redactor } from "../contract/redact.ts";

/** A delta that may go out, and how many secrets were replaced in it. */
export interface SafeDelta {
  payload: ResponseDelta;
  redactions: number;
}

/** The deltas of a session, each item's own stream through the redactor: they may come out later, and never reordered. */
export class HeldDeltas {
  readonly #redactor: Redactor;
  readonly #streams = new Map<string, { stream: RedactedStream; last: ResponseDelta }>();

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** Undefined while all of it is held back. */
  push(payload: ResponseDelta): SafeDelta | undefined {
    const key = `${payload.kind} ${payload.itemId}`;
    const stream = this.#streams.get(key)?.stream ?? this.#redactor.stream();
    this.#streams.set(key, { stream, last: payload });
    const { text, count } = stream.push(payload.delta);
    return text === "" ? undefined : { payload: { ...payload, delta: text }, redactions: count };
  }

  /** What was held back of an item that is finished, or of all of them. */
  flush(itemId?: string): SafeDelta[] {
    const rest: SafeDelta[] = [];
    for (const [key, { stream, last }] of this.#streams) {
      if (itemId !== undefined && last.itemId !== itemId) continue;
      this.#streams.delete(key);
      const { text, count } = stream.flush();
      if (text !== "") rest.push({ payload: { ...last, delta: text }, redactions: count });
    }
    return rest;
  }
}
