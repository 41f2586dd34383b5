import { createHash, timingSafeEqual } from "node:crypto";

/** Takes the same time for all that is given. */
export const isToken = (given: string, token: string): boolean =>
  timingSafeEqual(hashOf(given), hashOf(token));

/** Of equal length for all. */
const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();
