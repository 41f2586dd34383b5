import { AgentError } from "../../contract/error.ts";
import type { Usage } from "../../contract/item.ts";
import type { ModelInfo } from "../../contract/model.ts";

export interface BudgetLimits {
  costUsd?: number | undefined;
  tokens?: number | undefined;
}

/** What a budget is of, and the variables that set it. */
const NAMES = {
  session: { of: "This session's", cost: "MAX_SESSION_COST_USD", tokens: "MAX_SESSION_TOKENS" },
  server: { of: "The server's", cost: "MAX_SERVER_COST_USD", tokens: "MAX_SERVER_TOKENS" },
};

/** What may be spent. A session's budget lies within the server's. A model without a price costs nothing here. */
export class Budget {
  readonly #kind: keyof typeof NAMES;
  readonly #limits: BudgetLimits;
  readonly #whole: Budget | undefined;
  #cost = 0;
  #tokens = 0;
  #responses = 0;
  #outputTokens = 0;
  #lastInput = 0;

  constructor(kind: keyof typeof NAMES, limits: BudgetLimits, whole?: Budget) {
    this.#kind = kind;
    this.#limits = limits;
    this.#whole = whole;
  }

  /** Also for what a session had spent before it was taken up again, then without its server's budget. */
  add(usage: Usage, { earlier = false } = {}): void {
    this.#cost += usage.cost_usd ?? 0;
    this.#tokens += usage.input_tokens + usage.output_tokens;
    this.#responses += 1;
    this.#outputTokens += usage.output_tokens;
    this.#lastInput = usage.input_tokens;
    if (!earlier) this.#whole?.add(usage);
  }

  /** Throws `budget_exceeded` when a request with so many tokens of input would pass a limit. */
  check(inputTokens: number, info: ModelInfo): void {
    this.#check(this.#expected(inputTokens, info));
  }

  /** The answer is taken to be as long as they were so far, and what was sent before to come from the cache. */
  #expected(inputTokens: number, { price }: ModelInfo): { tokens: number; cost: number } {
    const output = this.#responses === 0 ? 0 : this.#outputTokens / this.#responses;
    const cached = Math.min(this.#lastInput, inputTokens);
    const cost = price
      ? (cached * price.cachedInput + (inputTokens - cached) * price.input + output * price.output) /
        1_000_000
      : 0;
    return { tokens: inputTokens + output, cost };
  }

  #check(next: { tokens: number; cost: number }): void {
    const { costUsd, tokens } = this.#limits;
    const { of, ...variables } = NAMES[this.#kind];
    if (costUsd !== undefined && this.#cost + next.cost > costUsd) {
      const spent = `${dollars(this.#cost)} of ${dollars(costUsd)} are spent, and the next request would cost about ${dollars(next.cost)}`;
      throw new AgentError("budget_exceeded", `${of} budget is used up: ${spent} (${variables.cost}).`);
    }
    if (tokens !== undefined && this.#tokens + next.tokens > tokens) {
      const spent = `${this.#tokens} of ${tokens} tokens are used, and the next request would take about ${Math.round(next.tokens)}`;
      throw new AgentError("budget_exceeded", `${of} budget is used up: ${spent} (${variables.tokens}).`);
    }
    if (this.#whole) this.#whole.#check(next);
  }
}

const dollars = (amount: number) => `$${amount.toFixed(amount < 1 ? 4 : 2)}`;
