/** Why a command is not known to only read: a sentence for a person, with its full stop. */
export class Doubt extends Error {
  override readonly name = "Doubt";
}

const LONGEST_QUOTE = 60;

/** A piece of a command as it is shown inside a sentence. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);
}
