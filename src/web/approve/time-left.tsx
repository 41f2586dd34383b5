import { duration } from "../parts/format.ts";
import { ClockIcon } from "../parts/icons.tsx";
import { useNow } from "../parts/now.ts";

const SHORT_MS = 60_000;

/** How long the question stays open; after that it is answered with no. */
export function TimeLeft({ expiresAt }: { expiresAt: string }) {
  const now = useNow(1000);
  const left = Math.max(0, Date.parse(expiresAt) - now);
  const isShort = left < SHORT_MS;
  // Seconds only when they count.
  const shown = isShort
    ? duration(Math.ceil(left / 1000) * 1000)
    : duration(Math.ceil(left / 60_000) * 60_000);
  return (
    <span className={`time-left ${isShort ? "time-short" : ""}`} title="After that it counts as declined">
      <ClockIcon />
      {shown} left
    </span>
  );
}
