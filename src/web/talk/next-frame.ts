/** A page that is not seen draws no frames, not even one that it asked for while it was seen. */
const LONGEST_MS = 250;

/** Runs this with the next frame, or without one when none comes. */
export function onNextFrame(run: () => void): void {
  const timer = setTimeout(() => {
    cancelAnimationFrame(frame);
    run();
  }, LONGEST_MS);
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    run();
  });
}
