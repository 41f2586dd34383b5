import { randomUUID } from "node:crypto";

const COUNTS = Array.from({ length: 0x1000 }, (_, count) => count.toString(16).padStart(3, "0"));

let millisecond = 0;
let count = 0;
let before = "";
let after = "";

/**
 * A UUID of version 7 with a counter (RFC 9562, section 6.2, method 1): the random bits are drawn once a millisecond,
 * for a draw takes longer than all else that is done with a delta.
 */
export function mintMessageId(): string {
  const now = Date.now();
  count += 1;
  if (now !== millisecond || count === COUNTS.length) {
    const time = now.toString(16).padStart(12, "0");
    millisecond = now;
    count = 0;
    before = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    after = randomUUID().slice("00000000-0000-4000".length);
  }
  return before + COUNTS[count] + after;
}
