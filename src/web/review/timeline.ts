import type { Gap, Span } from "./spans.ts";

/** A gap as it is drawn: `shownFrom` to `shownTo` in place of its real length. */
interface Break extends Gap {
  shownFrom: number;
  shownTo: number;
}

/** Between the real time, in milliseconds since 1970, and the shown one, in milliseconds from 0 with short gaps. */
export interface Scale {
  from: number;
  to: number;
  /** The shown length. */
  length: number;
  breaks: readonly Break[];
  shown: (at: number) => number;
  real: (shown: number) => number;
}

/** How long a gap is shown at most: a part of the time in which something happened, within bounds. */
const GAP_SHARE = 0.03;
const MIN_GAP_MS = 400;
const MAX_GAP_MS = 60_000;
/** A gap is shortened only where that is worth the mark. */
const WORTH = 1.5;

/** `compress`: gaps are shortened; else every second has the same length. */
export function makeScale(from: number, to: number, gaps: readonly Gap[], compress = true): Scale {
  const breaks = compress ? breaksOf(from, to, gaps) : [];
  const saved = breaks.reduce((sum, gap) => sum + gap.to - gap.from - (gap.shownTo - gap.shownFrom), 0);
  const length = Math.max(1, to - from - saved);
  return {
    from,
    to,
    length,
    breaks,
    shown: (at) => clamp(shownOf(at, from, breaks), 0, length),
    real: (shown) => clamp(realOf(shown, from, breaks), from, Math.max(from, to)),
  };
}

function breaksOf(from: number, to: number, gaps: readonly Gap[]): Break[] {
  const quiet = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const limit = clamp((to - from - quiet) * GAP_SHARE, MIN_GAP_MS, MAX_GAP_MS);
  const breaks: Break[] = [];
  let saved = 0;
  for (const gap of gaps) {
    const length = gap.to - gap.from;
    if (length < limit * WORTH) continue;
    const shownFrom = gap.from - from - saved;
    breaks.push({ ...gap, shownFrom, shownTo: shownFrom + limit });
    saved += length - limit;
  }
  return breaks;
}

function shownOf(at: number, from: number, breaks: readonly Break[]): number {
  const gap = lastWhere(breaks, (gap) => gap.from <= at);
  if (gap === undefined) return at - from;
  if (at >= gap.to) return gap.shownTo + at - gap.to;
  return gap.shownFrom + ((at - gap.from) / (gap.to - gap.from)) * (gap.shownTo - gap.shownFrom);
}

function realOf(shown: number, from: number, breaks: readonly Break[]): number {
  const gap = lastWhere(breaks, (gap) => gap.shownFrom <= shown);
  if (gap === undefined) return from + shown;
  if (shown >= gap.shownTo) return gap.to + shown - gap.shownTo;
  return gap.from + ((shown - gap.shownFrom) / (gap.shownTo - gap.shownFrom)) * (gap.to - gap.from);
}

/** The last entry of a list, ordered by the condition, for which it still holds. */
function lastWhere<Entry>(list: readonly Entry[], holds: (entry: Entry) => boolean): Entry | undefined {
  return list[countWhere(list, holds) - 1];
}

/** How many entries at the beginning of an ordered list the condition holds for. */
export function countWhere<Entry>(list: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = list[middle];
    if (entry !== undefined && holds(entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The part of the shown time that is in the box. */
export interface Frame {
  from: number;
  to: number;
}

const SMALLEST_FRAME_MS = 20;

/** `factor` below 1 goes nearer. `middle` stays where it is, in shown time. */
export function zoom(frame: Frame, factor: number, middle: number, length: number): Frame {
  const width = clamp((frame.to - frame.from) * factor, Math.min(SMALLEST_FRAME_MS, length), length);
  const share = (middle - frame.from) / Math.max(1, frame.to - frame.from);
  return place(middle - share * width, width, length);
}

/** `by`: in frames. */
export const pan = (frame: Frame, by: number, length: number): Frame =>
  place(frame.from + by * (frame.to - frame.from), frame.to - frame.from, length);

function place(from: number, width: number, length: number): Frame {
  const start = clamp(from, 0, Math.max(0, length - width));
  return { from: start, to: start + width };
}

/** Where a span lies in the frame, in parts of its width; undefined where it does not. */
export function barOf(span: Span, scale: Scale, frame: Frame): { left: number; width: number } | undefined {
  const width = frame.to - frame.from;
  const from = (scale.shown(span.from) - frame.from) / width;
  const to = (scale.shown(span.to ?? scale.to) - frame.from) / width;
  if (to < 0 || from > 1) return undefined;
  const left = clamp(from, 0, 1);
  return { left, width: clamp(to, 0, 1) - left };
}

export interface Tick {
  /** In parts of the frame's width. */
  left: number;
  /** Since the session began, in real milliseconds. */
  elapsed: number;
}

const STEPS = [
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

/** `count` times or fewer: round ones, and where there is none between two breaks the time after the break. */
export function ticksOf(scale: Scale, frame: Frame, count: number): Tick[] {
  const width = frame.to - frame.from;
  const room = width / count;
  const step = STEPS.find((step) => step >= room) ?? room;
  const ticks: Tick[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { from, to } of stretches(scale, frame)) {
    const [begin, end] = [from - scale.from, to - scale.from];
    const round = Math.ceil(begin / step) * step;
    for (let elapsed = round <= end ? round : begin; elapsed <= end; elapsed += step) {
      const shown = scale.shown(scale.from + elapsed);
      if (shown - last < room * 0.9 || frame.to - shown < room * 0.5) continue;
      last = shown;
      ticks.push({ left: (shown - frame.from) / width, elapsed });
    }
  }
  return ticks;
}

/** The real times between the breaks that the frame shows. */
function stretches(scale: Scale, frame: Frame): Gap[] {
  const start = scale.real(frame.from);
  const end = scale.real(frame.to);
  const inside = scale.breaks.filter((gap) => gap.to > start && gap.from < end);
  const edges = [start, ...inside.flatMap((gap) => [gap.from, gap.to]), end];
  const found: Gap[] = [];
  for (let index = 0; index + 1 < edges.length; index += 2) {
    const [from = 0, to = 0] = [edges[index], edges[index + 1]];
    if (to >= from) found.push({ from, to });
  }
  return found;
}

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);
