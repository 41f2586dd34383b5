import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { EXPORTS } from "./exports.ts";
import type { VerifyReport } from "../../contract/log.ts";
import { ChevronIcon, ShieldIcon } from "../parts/icons.tsx";
import { changeRecord, sessionPath } from "../parts/record-api.ts";
import { Confirm } from "./confirm.tsx";
import type { SessionRecord } from "./review-page.tsx";
import { serverPath } from "../parts/base-path.ts";

interface SessionActionsProps {
  session: SessionRecord;
  verify: UseQueryResult<VerifyReport>;
  onChanged: () => void;
}

export function SessionActions({ session, verify, onChanged }: SessionActionsProps) {
  const [asked, setAsked] = useState<"hold" | "release" | "archive">();
  const { session_id: id, state, legal_hold: isHeld } = session;
  return (
    <div className="review-actions">
      <button
        type="button"
        className="button"
        aria-disabled={verify.isFetching}
        onClick={() => void verify.refetch()}
      >
        <ShieldIcon /> {verify.isFetching ? "Verifying…" : "Verify"}
      </button>
      <Menu label="Export">
        {EXPORTS.map(({ format, name, what }) => (
          <a key={format} href={serverPath(sessionPath(id, `/export?format=${format}`))} download>
            <strong>{name}</strong>
            <span>{what}</span>
          </a>
        ))}
      </Menu>
      <Menu label="More">
        {state !== "archived" && (
          <Link href={`/talk/${id}`}>
            <strong>Open the conversation</strong>
            <span>Read it and go on with it</span>
          </Link>
        )}
        <button type="button" onClick={() => setAsked(isHeld ? "release" : "hold")}>
          <strong>{isHeld ? "Lift the legal hold" : "Put under legal hold"}</strong>
          <span>{isHeld ? "It may be archived again" : "Nobody can archive or erase it"}</span>
        </button>
        <button
          type="button"
          aria-disabled={state !== "ended" || isHeld}
          onClick={() => {
            if (state === "ended" && !isHeld) setAsked("archive");
          }}
        >
          <strong>Archive</strong>
          <span>{whyNotArchived(session) ?? "Take it out of the list; nothing is lost"}</span>
        </button>
      </Menu>
      {asked !== undefined && (
        <Confirm
          {...QUESTIONS[asked]}
          act={() => ACTS[asked](id)}
          onClose={(isDone) => {
            setAsked(undefined);
            if (isDone) onChanged();
          }}
        />
      )}
    </div>
  );
}

function whyNotArchived({ state, legal_hold }: SessionRecord): string | undefined {
  if (state === "archived") return "It is archived";
  if (state === "active") return "When the session has ended";
  return legal_hold ? "When the legal hold is lifted" : undefined;
}

const QUESTIONS = {
  hold: {
    title: "Put this session under legal hold?",
    text: "While it is held nobody can archive it or erase a line of it. Everything else goes on as before.",
    action: "Put under hold",
  },
  release: {
    title: "Lift the legal hold?",
    text: "The session can then be archived, and lines of it can be erased.",
    action: "Lift the hold",
  },
  archive: {
    title: "Archive this session?",
    text: "It leaves the list of sessions. It can still be found under Archived, read, exported and verified, but it cannot go on.",
    action: "Archive",
  },
};

const ACTS = {
  hold: (id: string) => changeRecord("PUT", sessionPath(id, "/hold")),
  release: (id: string) => changeRecord("DELETE", sessionPath(id, "/hold")),
  archive: (id: string) => changeRecord("DELETE", sessionPath(id)),
};

/** Closes when something in it is chosen, when the focus goes elsewhere, and with Escape. */
function Menu({ label, children }: { label: string; children: React.ReactNode }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (menu.current && !(target instanceof Node && menu.current.contains(target)))
        menu.current.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
    };
  }, []);
  const closeMenu = () => {
    if (menu.current) menu.current.open = false;
  };
  return (
    <details
      ref={menu}
      className="menu"
      onKeyDown={({ key }) => {
        if (key === "Escape") closeMenu();
      }}
    >
      <summary className="button bare">
        {label} <ChevronIcon />
      </summary>
      <div className="menu-list" onClick={closeMenu}>
        {children}
      </div>
    </details>
  );
}
