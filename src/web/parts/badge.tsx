import type { ReactNode } from "react";

export type Tone = "good" | "warn" | "bad" | "muted" | "accent";

/** A word or two that say how something stands. */
export const Badge = ({ tone = "muted", children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`badge badge-${tone}`}>{children}</span>
);
