/** A text without secrets; `count` says how often one was replaced. */
export interface Redacted {
  text: string;
  count: number;
}

/** Replaces the values of loaded keys and tokens by `[redacted:NAME]`, also where they are spelled in another way. */
export interface Redactor {
  /** One valid JSON text. Numbers, order and repeated keys stay; so do the fields that a provider wants back unchanged. */
  json(text: string): Redacted;
  text(text: string): Redacted;
  /** For a text that comes in pieces. */
  stream(): RedactedStream;
}

/** Holds the end of what came back only while it could be the beginning of a loaded value. Nothing is lost. */
export interface RedactedStream {
  push(delta: string): Redacted;
  /** What was held back: nothing more comes. */
  flush(): Redacted;
}
