import { TalkStore } from "./talk-store.ts";

/** Left while a turn ran: a session without a client would end, and its turn with it. Each with what stops the watch. */
const left = new Map<TalkStore, () => void>();

/** The conversation of a session, also one that was left; without an id, of a new one. */
export function enter(sessionId: string | undefined): TalkStore {
  const known = [...left.keys()].find((store) => sessionId !== undefined && store.sessionId === sessionId);
  if (known === undefined) return new TalkStore(sessionId);
  left.get(known)?.();
  left.delete(known);
  return known;
}

/** Nobody looks at it any more: it is closed as soon as nothing runs in it. */
export function leave(store: TalkStore): void {
  const closeWhenDone = () => {
    const { conversation, link } = store.snapshot();
    if (conversation.isRunning && link.state !== "closed") return;
    left.delete(store);
    store.close();
  };
  left.set(store, store.subscribe(closeWhenDone));
  closeWhenDone();
}
