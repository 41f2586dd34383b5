import type { EventKind, EventRow } from "./events.ts";

/** Which events are shown, or jumped to. */
export const GROUPS = {
  user: { name: "User", kinds: ["user"] },
  assistant: { name: "Assistant", kinds: ["assistant", "reasoning"] },
  tools: { name: "Tools", kinds: ["call", "tool", "output"] },
  approvals: { name: "Approvals", kinds: ["approval"] },
  errors: { name: "Errors", kinds: ["error"] },
  turns: { name: "Turns", kinds: ["turn", "usage", "status", "session", "other"] },
} as const satisfies Record<string, { name: string; kinds: readonly EventKind[] }>;

export type Group = keyof typeof GROUPS;

export const groupNames = Object.keys(GROUPS) as Group[];

export type Shown = Group | "all" | "everything";

const inGroup = (row: EventRow, group: Group): boolean =>
  (GROUPS[group].kinds as readonly EventKind[]).includes(row.kind);

/** The places of the rows that are shown: all but the pieces of streams, everything, or one group. */
export function shownRows(rows: readonly EventRow[], shown: Shown): number[] {
  const places: number[] = [];
  for (const [index, row] of rows.entries()) {
    if (shown === "everything" || (shown === "all" ? row.kind !== "delta" : inGroup(row, shown)))
      places.push(index);
  }
  return places;
}

/** The nearest row of a group before or after a place; undefined where there is none. */
export function nextOf(
  rows: readonly EventRow[],
  from: number,
  group: Group,
  by: 1 | -1,
): number | undefined {
  for (let index = from + by; index >= 0 && index < rows.length; index += by) {
    const row = rows[index];
    if (row && inGroup(row, group)) return index;
  }
  return undefined;
}

/** Where a row stands among those that are shown; the nearest before it where it is not among them. */
export function placeOf(shown: readonly number[], index: number): number {
  let low = 0;
  let high = shown.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shown[middle] ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
