import { dateTime } from "./format.ts";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** A moment as short as it is clear: of today its time, of this year no year. */
export function When({ iso }: { iso: string }) {
  const time = new Date(iso);
  const now = new Date();
  const format =
    time.toDateString() === now.toDateString()
      ? CLOCK
      : time.getFullYear() === now.getFullYear()
        ? DAY_AND_CLOCK
        : DAY;
  return (
    <time dateTime={iso} title={dateTime(iso)}>
      {format.format(time)}
    </time>
  );
}
