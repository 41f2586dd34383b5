/** What a model says, before it has the form of a provider. */
export interface Answer {
  thought: string;
  text: string;
  calls: { name: string; arguments: Record<string, unknown> }[];
}

/** Input tokens as a provider bills them. `written` has `hourWritten` in it. */
export interface InputUsage {
  input: number;
  cached: number;
  written: number;
  hourWritten: number;
}

/** One event of a stream; `output`: the tokens of output that it carries. */
export interface WireEvent {
  body: string;
  output: number;
}

/** The same rule for all providers, so that their bills can be compared. */
export const tokensOf = (text: string) => Math.ceil(text.length / 4);
