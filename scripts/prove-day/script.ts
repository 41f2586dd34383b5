import type { Answer } from "./answer.ts";
import type { Random } from "./random.ts";

/** What becomes of a request. `cut`, `hold`: after this share of the answer's events. */
export type Fault =
  | { kind: "refuse"; status: number }
  /** The connection breaks. */
  | { kind: "cut"; at: number }
  /** Nothing more comes, until the client has gone. */
  | { kind: "hold"; at: number };

/** What the models of a day say: they work on something for as many steps as a turn has, then say that they are done. */
export class Script {
  readonly #random: Random;
  readonly #faults: boolean;
  #stepsLeft = 0;
  #made = 0;

  constructor(random: Random, faults: boolean) {
    this.#random = random;
    this.#faults = faults;
  }

  beginTurn(steps: number): void {
    this.#stepsLeft = steps;
  }

  answer(isAside: boolean): Answer {
    const random = this.#random;
    if (isAside)
      return { thought: "", text: `Objective. ${random.prose(random.between(1200, 3200))}`, calls: [] };
    const thought = random.chance(0.7) ? random.prose(random.between(100, 900)) : "";
    this.#stepsLeft -= 1;
    if (this.#stepsLeft <= 0) return { thought, text: random.prose(random.between(300, 1500)), calls: [] };
    const text = random.chance(0.4) ? random.prose(random.between(40, 300)) : "";
    const parallel = random.chance(0.2) ? random.between(2, 4) : 1;
    return { thought, text, calls: Array.from({ length: parallel }, () => this.#call()) };
  }

  /** An answer that nobody got is given again. */
  takeBack(): void {
    this.#stepsLeft += 1;
  }

  fault(): Fault | undefined {
    const random = this.#random;
    if (!this.#faults || random.chance(0.98)) return undefined;
    const at = random.next();
    const status = [429, 500, 503][random.between(0, 2)] ?? 503;
    return (
      [
        { kind: "refuse", status },
        { kind: "cut", at },
        { kind: "hold", at },
      ] as const
    )[random.between(0, 2)];
  }

  /** One that changes something must be approved. */
  #call(): Answer["calls"][number] {
    this.#made += 1;
    const script = `cat src/part-${this.#made}.ts # ${this.#random.prose(40)}`;
    const name = this.#random.chance(0.15) ? "apply_patch" : "shell";
    const input = this.#random.prose(this.#random.between(300, 2500));
    const args =
      name === "shell" ? { command: ["bash", "-lc", script] } : { input: `${this.#made} ${input}` };
    return { name, arguments: args };
  }
}
