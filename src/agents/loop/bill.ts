import type { AgentOutput } from "../../contract/agent.ts";
import type { ErrorCode } from "../../contract/error.ts";
import type { Usage } from "../../contract/item.ts";
import type { Model, ModelEvent, TokenUsage } from "../../contract/model.ts";
import { Attempt } from "./attempt.ts";
import type { Budget, Hold } from "./budget.ts";
import { priced } from "./cost.ts";

/** What one response takes from the budget, with all its attempts. */
export class Bill {
  readonly #model: Model;
  readonly #budget: Budget;
  readonly #plan: { inputTokens: number; aside: boolean };
  #hold: Hold;
  /** Undefined when what it took has been paid. */
  #attempt: Attempt | undefined;

  /** Throws `budget_exceeded`. */
  constructor(
    model: Model,
    { budget, inputTokens, aside }: { budget: Budget; inputTokens: number; aside: boolean },
  ) {
    this.#model = model;
    this.#budget = budget;
    this.#plan = { inputTokens, aside };
    this.#hold = budget.hold({ model, inputTokens, aside });
    this.#attempt = new Attempt(this.#hold.expected);
  }

  take(event: ModelEvent): void {
    this.#attempt?.take(event);
  }

  /** The request will go out again after a wait. Throws `budget_exceeded`. */
  open(inMs: number): void {
    this.#hold.release();
    this.#hold = this.#budget.hold({ model: this.#model, ...this.#plan });
    this.#attempt = new Attempt(this.#hold.expected, inMs);
  }

  /** It came to its end. Some servers do not count: all is 0 then, and it is estimated. */
  done(counted: TokenUsage): Usage {
    const isCounted = counted.input_tokens + counted.output_tokens > 0;
    const estimated = isCounted ? undefined : this.#attempt?.estimate();
    this.#attempt = undefined;
    return this.#pay(estimated ? this.#estimated(estimated) : priced(counted, this.#model.info));
  }

  /** It came to no good end: what it took is estimated, and told. */
  *lost(why: ErrorCode | "aborted"): Generator<AgentOutput> {
    const usage = this.#payLost(why);
    if (!usage) return;
    const { provider, name: model } = this.#model;
    yield {
      body: {
        type: "status",
        payload: { kind: "response_finished", responseId: "", provider, model, usage, aside: true },
      },
    };
  }

  /** Also when nobody reads on. */
  close(): void {
    this.#payLost("aborted");
    this.#hold.release();
  }

  #payLost(why: ErrorCode | "aborted"): Usage | undefined {
    const lost = this.#attempt?.lost(why);
    this.#attempt = undefined;
    return lost && this.#pay(this.#estimated(lost));
  }

  #estimated(usage: TokenUsage): Usage {
    return { ...priced(usage, this.#model.info), estimated: true };
  }

  #pay(usage: Usage): Usage {
    this.#budget.spend(usage, { model: this.#model, aside: this.#plan.aside });
    return usage;
  }
}
