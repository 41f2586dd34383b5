import { randomUUID } from "node:crypto";
import type { ResponseItem } from "../../contract/item.ts";

/** What call ids look like everywhere, so that a conversation can go on with another provider. */
const PORTABLE_ID = /^[\w-]{1,48}$/;

/** Gives the calls of one response ids that no other call of the conversation has. */
export class CallIds {
  readonly #taken: Set<string>;
  #minted = 0;

  constructor(conversation: readonly ResponseItem[]) {
    const calls = conversation.filter((item) => item.type === "function_call");
    this.#taken = new Set(calls.map((call) => call.call_id));
  }

  /** Google's own id where it can be used, else one made of the response's id, which is unique. */
  next(googleId: string | undefined, responseId: string | undefined): string {
    const own = googleId !== undefined && PORTABLE_ID.test(googleId) && !this.#taken.has(googleId);
    const id = own ? googleId : this.#mint(responseId);
    this.#taken.add(id);
    return id;
  }

  #mint(responseId: string | undefined): string {
    const id = `call_${responseId}_${this.#minted++}`;
    const isUsable = responseId !== undefined && PORTABLE_ID.test(responseId) && !this.#taken.has(id);
    return isUsable ? id : `call_${randomUUID()}`;
  }
}
