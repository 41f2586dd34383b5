import type { ServerMessage } from "../contract/message.ts";

type Delta = Extract<ServerMessage, { type: "response_delta" }>;

/** The text of one unfinished item, as far as it was told; places in it are counted in characters. */
interface Told {
  text: string;
  /** Where the last number began. */
  mark: number;
  /** How far the server has come; undefined when it begins to repeat itself, and is yet to say where. */
  at: number | undefined;
}

/** How far before the last number a repetition may begin: servers keep the end of a text back while it is written. */
const LONGEST_HELD = 4096;

/**
 * Where two connections meet. A server that is asked for what comes after a number repeats the text that it had sent
 * since, in other pieces; a request that is still open it repeats whole. Neither is let through a second time.
 */
export class Seam {
  #last: number | undefined;
  readonly #told = new Map<string, Told>();
  #openRequest: ServerMessage | undefined;

  /** `after`: what the other side is asked to go on from, at first. */
  constructor(after: number | undefined) {
    this.#last = after;
  }

  /** What to come back with. */
  get last(): number | undefined {
    return this.#last;
  }

  /** From now on the server may repeat itself. */
  cut(): void {
    for (const told of this.#told.values()) told.at = undefined;
  }

  /** The message, or what of it is new; undefined when nothing is. */
  pass(message: ServerMessage): ServerMessage | undefined {
    if (message.type === "response_delta") {
      const isRepeated = "timing" in message.payload;
      this.#advance(message.seq);
      return isRepeated ? this.#passRepeated(message) : this.#passNew(message);
    }
    if (message.type === "session_info") return this.#passInfo(message);
    this.#advance(message.seq);
    if (message.type === "approval_request") {
      if (message.id === this.#openRequest?.id && message.seq === this.#openRequest.seq) return undefined;
      this.#openRequest = message;
    }
    if (message.type === "response_item") this.#forget(message.payload.id);
    if (message.type === "agent_finished") this.#told.clear();
    return message;
  }

  /** A server that lost the end of its log in a crash counts on from an earlier number. */
  #passInfo(message: Extract<ServerMessage, { type: "session_info" }>): ServerMessage {
    const { head_seq: head } = message.payload;
    if (this.#last === undefined) this.#last = message.seq;
    else if (head < this.#last) this.#last = head;
    return message;
  }

  #advance(seq: number | undefined): void {
    if (seq === undefined || seq <= (this.#last ?? -1)) return;
    this.#last = seq;
    for (const told of this.#told.values()) told.mark = told.at ?? told.mark;
  }

  #forget(itemId: string | undefined): void {
    for (const key of this.#told.keys()) if (key.endsWith(` ${itemId}`)) this.#told.delete(key);
  }

  #toldOf({ payload }: Delta): Told {
    const key = `${payload.kind} ${payload.itemId}`;
    const told = this.#told.get(key) ?? { text: "", mark: 0, at: 0 };
    this.#told.set(key, told);
    return told;
  }

  #passNew(message: Delta): Delta {
    const told = this.#toldOf(message);
    told.text += message.payload.delta;
    told.at = told.text.length;
    return message;
  }

  #passRepeated(message: Delta): Delta | undefined {
    const told = this.#toldOf(message);
    const { delta } = message.payload;
    const start = told.at ?? findStart(told, delta);
    const known = told.text.slice(start, start + delta.length);
    const rest = delta.startsWith(known) ? delta.slice(known.length) : delta;
    told.text += rest;
    told.at = delta.startsWith(known) ? start + delta.length : told.text.length;
    return rest === "" ? undefined : { ...message, payload: { ...message.payload, delta: rest } };
  }
}

/** Where a repetition begins: where the last number began, or a little before. */
function findStart({ text, mark }: Told, delta: string): number {
  if (mark === text.length) return mark;
  for (let start = mark; start >= Math.max(0, mark - LONGEST_HELD); start -= 1) {
    const known = text.slice(start, start + delta.length);
    if (delta.startsWith(known)) return start;
  }
  return text.length;
}
