import type { Review } from "../../contract/message.ts";

type Pressed = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "repeat" | "isComposing"
>;

/** What keys in the dock decide. Each takes two of them: who types, and has lost the focus to it, decides nothing. */
export function reviewOfKeys(event: Pressed): Review | undefined {
  const { key, code, ctrlKey, metaKey, altKey, shiftKey, repeat, isComposing } = event;
  if (repeat || isComposing) return undefined;
  if (altKey) return ctrlKey || metaKey || shiftKey ? undefined : LETTERS[code];
  if (key !== "Enter" || !(ctrlKey || metaKey)) return undefined;
  return shiftKey ? "ALWAYS" : "YES";
}

/** By their place: with Alt, some keyboards write other letters. */
const LETTERS: Readonly<Record<string, Review>> = { KeyE: "EXPLAIN", KeyN: "NO_CONTINUE", KeyX: "NO" };
