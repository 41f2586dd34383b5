import { randomUUID } from "node:crypto";
import type { CallDelta } from "./chunk.ts";

export interface OpenCall {
  /** Its place among the items of the response. */
  index: number;
  callId: string;
  name: string;
  arguments: string;
}

/** The calls of a response as their pieces come. Servers differ in how they say which call a piece belongs to. */
export class CallPieces {
  readonly #calls: { key: number | undefined; id: string | undefined; call: OpenCall }[] = [];

  /** Takes a piece; gives its call and the arguments that are new. */
  take(piece: CallDelta, newIndex: () => number): { call: OpenCall; added: string } {
    const call = this.#find(piece) ?? this.#begin(piece, newIndex());
    const { name, arguments: args } = piece.function ?? {};
    call.name ||= name ?? "";
    const added = typeof args === "string" ? args : args ? JSON.stringify(args) : "";
    call.arguments += added;
    return { call, added };
  }

  all(): OpenCall[] {
    return this.#calls.map(({ call }) => call);
  }

  #find({ index, id }: CallDelta): OpenCall | undefined {
    const found = this.#calls.findLast((known) => {
      // A new id is a new call, even at the place of another: some servers put all calls at 0.
      if (id && known.id !== undefined) return known.id === id;
      return index === undefined || index === null || known.key === index;
    });
    return found?.call;
  }

  #begin({ index, id }: CallDelta, place: number): OpenCall {
    const callId = id || `call_${randomUUID().replaceAll("-", "")}`;
    const call = { index: place, callId, name: "", arguments: "" };
    this.#calls.push({ key: index ?? undefined, id: id || undefined, call });
    return call;
  }
}
