import { useEffect, useState } from "react";

const NEW = "draft new";

const keyOf = (sessionId: string | undefined) => (sessionId === undefined ? NEW : `draft ${sessionId}`);

const read = (key: string) => sessionStorage.getItem(key) ?? "";

function write(key: string, text: string): void {
  if (text === "") sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, text);
}

/**
 * What is being written to a session, kept in this tab until it is sent. `begunHere`: the session that the new one has
 * become; what is being written goes along.
 */
export function useDraft(
  sessionId: string | undefined,
  begunHere: string | undefined,
): [string, (text: string) => void] {
  const key = keyOf(sessionId);
  const [draft, setDraft] = useState(() => ({ key, text: read(key) }));
  useEffect(() => {
    setDraft((before) => {
      if (before.key === key) return before;
      if (before.key !== NEW || key !== keyOf(begunHere)) return { key, text: read(key) };
      write(NEW, "");
      write(key, before.text);
      return { key, text: before.text };
    });
  }, [key, begunHere]);
  const setText = (text: string) => {
    write(key, text);
    setDraft({ key, text });
  };
  return [draft.text, setText];
}
