/** A time since the beginning: `0:07.2`, `12:30`, `1:02:03`; tenths in the first minute. */
export function clock(ms: number): string {
  const sign = ms < 0 ? "−" : "";
  const whole = Math.abs(ms);
  const seconds = Math.floor(whole / 1000);
  const rest = String(seconds % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60)
    return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  const tenths = minutes === 0 ? `.${Math.floor((whole % 1000) / 100)}` : "";
  return `${sign}${minutes}:${rest}${tenths}`;
}
