import { z } from "zod";
import { ServerMessage } from "../../contract/message.ts";
import type { Redacted, RedactedStream, Redactor } from "../../contract/redact.ts";
import { Finder, type Secret } from "./finder.ts";
import { mapStrings } from "../json-strings.ts";

/** Below this a value is so likely a part of ordinary text that replacing it would only destroy that text. */
const MIN_LENGTH = 8;

/** Replaces the values of these secrets, but for the `unprotected` ones. */
export function createRedactor(secrets: readonly Secret[]): Redactor {
  const protectedOnes = secrets.filter((secret) => !isUnprotected(secret));
  const finder = new Finder(protectedOnes);
  return {
    json: (text) => redactJson(finder, text),
    text: (text) => finder.replace(text, true),
    stream: () => new Stream(finder),
  };
}

/** Names of those that are never replaced: shorter than 8 characters, or a word of the protocol itself. */
export const unprotected = (secrets: readonly Secret[]): string[] =>
  secrets.filter(isUnprotected).map(({ name }) => name);

const isUnprotected = ({ value }: Secret) => value.length < MIN_LENGTH || vocabulary().includes(value);

let words: string | undefined;

/** Every key and word that the messages are made of: without them no client could read one. Descriptions do not count. */
const vocabulary = () =>
  (words ??= JSON.stringify(z.toJSONSchema(ServerMessage, { metadata: z.registry() })));

function redactJson(finder: Finder, text: string): Redacted {
  // Seldom more than this: each way to escape a character is known to the finder.
  if (!finder.finds(text)) return { text, count: 0 };
  let count = 0;
  const redacted = mapStrings(text, (value) => {
    const replaced = finder.replace(value, true);
    count += replaced.count;
    return replaced.text;
  });
  return { text: redacted, count };
}

class Stream implements RedactedStream {
  readonly #finder: Finder;
  #held = "";

  constructor(finder: Finder) {
    this.#finder = finder;
  }

  push(delta: string): Redacted {
    const { text, count, rest } = this.#finder.replace(this.#held + delta, false);
    this.#held = rest;
    return { text, count };
  }

  flush(): Redacted {
    const { text, count } = this.#finder.replace(this.#held, true);
    this.#held = "";
    return { text, count };
  }
}
