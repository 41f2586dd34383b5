import { type ReactNode, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { PlusIcon } from "../parts/icons.tsx";
import { SignOut } from "../sign-in/sign-out.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { LinkState, LinkStateProvider } from "./link-state.tsx";

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const help = useRef<HTMLDialogElement>(null);
  return (
    <LinkStateProvider>
      <div className="shell">
        <a href="#main" className="skip">
          Skip to the content
        </a>
        <header className="shell-head">
          <Link href="/" className="brand" aria-label="AgentLoop">
            <Mark />
            <span className="brand-name">AgentLoop</span>
          </Link>
          <Ways />
          <LinkState />
          <button
            type="button"
            className="head-button keys-button"
            aria-label="Keys"
            title="Keys (?)"
            onClick={() => help.current?.showModal()}
          >
            ?
          </button>
          <SignOut />
        </header>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
        <HelpDialog dialog={help} />
      </div>
    </LinkStateProvider>
  );
}

function Ways() {
  const [path] = useLocation();
  const isTalk = path === "/" || path.startsWith("/talk/");
  // From the other pages one comes back to where one was.
  const [talk, setTalk] = useState("/");
  if (isTalk && talk !== path) setTalk(path);
  return (
    <nav className="ways" aria-label="Pages">
      <Link href={talk} aria-current={isTalk ? "page" : undefined}>
        Talk
      </Link>
      <Link href="/sessions" aria-current={path.startsWith("/sessions") ? "page" : undefined}>
        Sessions
      </Link>
      {path.startsWith("/talk/") && (
        <Link href="/" className="new-session" aria-label="New session" title="New session">
          <PlusIcon />
        </Link>
      )}
    </nav>
  );
}

/** A loop with its step. */
const Mark = () => (
  <svg className="brand-mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path
      d="M19.5 12a7.5 7.5 0 1 1-2.6-5.7"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.6"
      strokeLinecap="round"
    />
    <circle cx="18.2" cy="6.6" r="2.6" fill="currentColor" />
  </svg>
);
