import type { Inbox, UserInput } from "../contract/agent.ts";

/** What users have said and no turn has taken in yet, in order. */
export class InputQueue implements Inbox {
  readonly #inputs: UserInput[] = [];

  get isEmpty(): boolean {
    return this.#inputs.length === 0;
  }

  push(input: UserInput): void {
    this.#inputs.push(input);
  }

  clear(): void {
    this.#inputs.length = 0;
  }

  take(): UserInput | undefined {
    return this.#inputs.shift();
  }
}
