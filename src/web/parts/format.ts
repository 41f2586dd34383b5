/** US dollars; null where a price is not known. */
export function money(usd: number | null): string {
  if (usd === null) return "price unknown";
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "< $0.0001";
  return `$${usd.toFixed(usd < 0.1 ? 4 : 2)}`;
}

/** A count of tokens: `812`, `1.2k`, `84k`, `1.1M`. */
export function tokens(count: number): string {
  if (count < 1000) return String(Math.round(count));
  if (count < 999_500) return `${scaled(count / 1000)}k`;
  return `${scaled(count / 1_000_000)}M`;
}

/** A time in milliseconds: `40 ms`, `1.2 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${scaled(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes} min`, seconds % 60, "s");
  return withRest(`${Math.floor(minutes / 60)} h`, minutes % 60, "min");
}

/** A moment (ISO 8601) in the reader's language and time zone. */
export const dateTime = (iso: string): string => DATE_TIME.format(new Date(iso));

/** The end of an id, where ids that were made one after another differ. */
export const shortId = (id: string): string => (id.length > 8 ? id.slice(-8) : id);

/** A count of characters or bytes: `812`, `12 kB`, `4.9 MB`. */
export function size(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${scaled(count / 1000)} kB`;
  return `${scaled(count / 1_000_000)} MB`;
}

const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** One digit after the point below ten. */
const scaled = (value: number) => (value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0));

const withRest = (whole: string, rest: number, unit: string) =>
  rest === 0 ? whole : `${whole} ${rest} ${unit}`;
