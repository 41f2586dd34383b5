/**
 * How long a provider asks us to wait, in milliseconds: `retry-after-ms`, `retry-after` (seconds or a date), or "try
 * again in 11.054s" in its words. Undefined when it asks for nothing.
 */
export function askedDelay(
  headers: Headers | undefined,
  message: string,
  now = Date.now(),
): number | undefined {
  return (
    fromMilliseconds(headers?.get("retry-after-ms")) ??
    fromRetryAfter(headers?.get("retry-after"), now) ??
    fromWords(message)
  );
}

function fromMilliseconds(value: string | null | undefined): number | undefined {
  return value && /^\d+(\.\d+)?$/.test(value) ? Math.ceil(Number(value)) : undefined;
}

function fromRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "try again in 1m30.5s", "retry in 48.2s", "try again in 20 seconds". */
function fromWords(message: string): number | undefined {
  const found = /(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)[a-z]*\s*)+)/i.exec(
    message,
  );
  if (!found?.[1]) return undefined;
  const parts = [...found[1].matchAll(/(\d+(?:\.\d+)?)\s*(ms|h|m|s)/gi)];
  const delays = parts.map(([, amount, unit]) => Number(amount) * (UNIT_MS[unit?.toLowerCase() ?? ""] ?? 0));
  return Math.ceil(delays.reduce((sum, delay) => sum + delay, 0));
}
