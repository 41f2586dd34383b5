import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { onNextFrame } from "./next-frame.ts";

const frames: (() => void)[] = [];
const cancel = vi.fn<(frame: number) => void>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => frames.push(draw));
  vi.stubGlobal("cancelAnimationFrame", cancel);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("runs once with the next frame", () => {
  const run = vi.fn<() => void>();
  onNextFrame(run);
  expect(run).not.toHaveBeenCalled();
  frames.pop()?.();
  expect(run).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

it("runs once without a frame where none comes", () => {
  const run = vi.fn<() => void>();
  onNextFrame(run);
  vi.runAllTimers();
  expect(run).toHaveBeenCalledTimes(1);
  expect(cancel).toHaveBeenCalledWith(1);
});
