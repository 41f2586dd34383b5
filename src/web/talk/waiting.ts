import type { WaitingInput } from "./entries.ts";

type Waiting = readonly WaitingInput[];

/** What still waits after a text was taken in. A secret in it was replaced on the way: then it is the oldest. */
export function withoutTakenIn(waiting: Waiting, text: string): Waiting {
  const same = waiting.findIndex((input) => input.text.trim() === text);
  const index = same === -1 && text.includes("[redacted:") ? 0 : same;
  return index === -1 ? waiting : waiting.filter((_, at) => at !== index);
}

/** The oldest one will not be taken in. */
export function refusedFirst(waiting: Waiting): Waiting {
  const index = waiting.findIndex(({ state }) => state === "waiting");
  const input = waiting[index];
  return input === undefined ? waiting : waiting.with(index, { ...input, state: "refused" });
}
