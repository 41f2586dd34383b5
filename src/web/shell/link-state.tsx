import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import type { Link } from "../talk/talk-store.ts";

interface Shared {
  link: Link | undefined;
  setLink: (link: Link | undefined) => void;
}

const LinkContext = createContext<Shared>({ link: undefined, setLink: () => undefined });

/** Lets a page tell the header how it is connected. */
export function LinkStateProvider({ children }: { children: ReactNode }) {
  const [link, setLink] = useState<Link>();
  const shared = useMemo(() => ({ link, setLink }), [link]);
  return <LinkContext value={shared}>{children}</LinkContext>;
}

/** Tells it while the page is there. */
export function useTellLink(link: Link): void {
  const { setLink } = use(LinkContext);
  useEffect(() => {
    setLink(link);
    return () => setLink(undefined);
  }, [link, setLink]);
}

const WORDS = {
  none: "",
  connecting: "Connecting…",
  open: "Connected",
  reconnecting: "Reconnecting…",
  closed: "Not connected",
} as const;

export function LinkState() {
  const { link } = use(LinkContext);
  const state = link?.state ?? "none";
  return (
    <p className={`link-state link-${state}`} role="status" title={link?.reason}>
      {WORDS[state] !== "" && <span className="link-dot" aria-hidden="true" />}
      <span className="link-words">{WORDS[state]}</span>
    </p>
  );
}
