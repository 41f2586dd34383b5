import type { Span } from "./spans.ts";
import { clamp, type Scale } from "./timeline.ts";

type Busy = Exclude<Span["kind"], "turn">;

export interface Run {
  kind: Busy;
  /** In parts of the whole. */
  from: number;
  to: number;
}

/** What is drawn where several things went on. */
const WEIGHT: Record<Busy, number> = { model: 1, tool: 2, retry: 3, approval: 4 };

/** What went on in each of `count` equal parts of the shown time, with equal neighbours joined. */
export function overview(spans: readonly Span[], scale: Scale, count: number): Run[] {
  const parts: (Busy | undefined)[] = Array.from({ length: count });
  for (const { kind, from, to } of spans) {
    if (kind === "turn") continue;
    const first = clamp(Math.floor((scale.shown(from) / scale.length) * count), 0, count - 1);
    const last = clamp(Math.floor((scale.shown(to ?? scale.to) / scale.length) * count), 0, count - 1);
    for (let index = first; index <= last; index += 1) {
      const known = parts[index];
      if (known === undefined || WEIGHT[kind] > WEIGHT[known]) parts[index] = kind;
    }
  }
  const runs: Run[] = [];
  for (const [index, kind] of parts.entries()) {
    const last = runs.at(-1);
    if (kind === undefined) continue;
    if (last?.kind === kind && last.to === index) last.to = index + 1;
    else runs.push({ kind, from: index, to: index + 1 });
  }
  return runs;
}
