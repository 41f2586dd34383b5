import { z } from "zod";
import type { Review } from "../../contract/message.ts";

const REVIEWS: Record<string, Review> = {
  accept: "YES",
  acceptForSession: "ALWAYS",
  decline: "NO_CONTINUE",
  cancel: "NO",
  // Words of older clients.
  allow: "YES",
  deny: "NO_CONTINUE",
};

const Answer = z.object({ decision: z.string() });

/** What a client's answer to a question means. What is not understood, an error too, lets nothing run. */
export function reviewOf(result: unknown): Review {
  const answer = Answer.safeParse(result);
  if (!answer.success || !Object.hasOwn(REVIEWS, answer.data.decision)) return "NO_CONTINUE";
  return REVIEWS[answer.data.decision] ?? "NO_CONTINUE";
}
