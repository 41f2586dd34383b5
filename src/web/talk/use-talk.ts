import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { enter, leave } from "./left.ts";
import type { Talk, TalkStore } from "./talk-store.ts";

/** The conversation of an address. A new session keeps what it has when it gets its own address. */
export function useTalk(sessionId: string | undefined): { store: TalkStore; talk: Talk } {
  const [, navigate] = useLocation();
  const [store, setStore] = useState(() => enter(sessionId));
  const asked = useRef(sessionId);
  useEffect(() => {
    if (asked.current === sessionId) return;
    asked.current = sessionId;
    if (sessionId === undefined || store.sessionId !== sessionId) setStore(enter(sessionId));
  }, [sessionId, store]);
  useEffect(() => () => leave(store), [store]);

  const talk = useSyncExternalStore(store.subscribe, store.snapshot);
  const known = talk.conversation.session?.session_id;
  useEffect(() => {
    if (known !== undefined && asked.current === undefined) navigate(`/talk/${known}`, { replace: true });
  }, [known, navigate]);
  return { store, talk };
}
