import type { Notification } from "./notification.ts";
import type { Told } from "./told.ts";
import type { ThreadItem, Turn } from "./wire.ts";

interface Record {
  turn: Turn;
  items: Map<string, ThreadItem>;
  /** How many lines of the log the thread had when the turn was over; undefined while it runs. */
  endSeq: number | undefined;
}

/** The turns of a thread with their items, collected from what was told of them. */
export class TurnLog {
  readonly #records: Record[] = [];

  /** `seq`: of the line that this comes from. */
  take(told: readonly Told[], seq: number): void {
    for (const entry of told) if (entry.kind === "notification") this.#take(entry.notification, seq);
  }

  /** All turns, oldest first. An item that has not ended counts only while its turn runs. */
  get turns(): Turn[] {
    return this.#records.map(({ turn, items, endSeq }) => ({
      ...turn,
      items: [...items.values()].filter((item) => endSeq === undefined || item.completedAtMs !== null),
      itemsView: "full",
    }));
  }

  /** The line that ends a turn, or the last turn that has ended; undefined where there is none. */
  endOf(turnId?: string): number | undefined {
    return this.#records.findLast(({ turn, endSeq }) =>
      turnId === undefined ? endSeq !== undefined : turn.id === turnId,
    )?.endSeq;
  }

  #take({ method, params }: Notification, seq: number): void {
    const last = this.#records.at(-1);
    if (method === "turn/started") {
      this.#records.push({ turn: params.turn, items: new Map(), endSeq: undefined });
    }
    if (!last) return;
    if (method === "turn/completed") {
      last.turn = params.turn;
      last.endSeq = seq;
    }
    if (method === "item/started" || method === "item/completed") last.items.set(params.item.id, params.item);
    if (method === "item/agentMessage/delta") {
      const item = last.items.get(params.itemId);
      if (item?.type === "agentMessage") {
        last.items.set(item.id, { ...item, text: item.text + params.delta });
      }
    }
  }
}

/** A turn as a list shows it: what was asked, and the last answer. */
export function summaryOf(turn: Turn): Turn {
  const asked = turn.items.find(({ type }) => type === "userMessage");
  const answer = turn.items.findLast(({ type }) => type === "agentMessage");
  return { ...turn, items: [asked, answer].filter((item) => item !== undefined), itemsView: "summary" };
}
