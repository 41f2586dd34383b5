import { useSyncExternalStore } from "react";
import { useSearch } from "wouter";

export const VIEWS = {
  events: "Events",
  timeline: "Timeline",
  replay: "Replay",
  approvals: "Approvals",
  files: "Files",
  cost: "Cost",
} as const;

export type View = keyof typeof VIEWS;

export const viewNames = Object.keys(VIEWS) as View[];

/** What of a session is looked at: it stands in the address, so that a link leads there. */
export function useView(): View {
  const given = new URLSearchParams(useSearch()).get("view");
  return viewNames.find((name) => name === given) ?? "events";
}

/** The address of a view, or of one event. */
export function addressOf(id: string, view: View, seq?: number): string {
  const search = view === "events" ? "" : `?view=${view}`;
  return `/sessions/${id}${search}${seq === undefined ? "" : `#${seq}`}`;
}

/** The event that the address names, and a way to name another one without a new step in the history. */
export function useEventInAddress(): [seq: number | undefined, choose: (seq: number) => void] {
  const hash = useSyncExternalStore(listen, () => window.location.hash);
  const text = hash.slice(1);
  return [/^\d{1,15}$/.test(text) ? Number(text) : undefined, choose];
}

/** The last two are dispatched by wouter, whoever changes the history. */
const CHANGES = ["hashchange", "popstate", "pushState", "replaceState"];

function listen(onChange: () => void): () => void {
  for (const name of CHANGES) addEventListener(name, onChange);
  return () => {
    for (const name of CHANGES) removeEventListener(name, onChange);
  };
}

const choose = (seq: number): void => history.replaceState(history.state, "", `#${seq}`);
