import { AgentError } from "../../contract/error.ts";
import type { Usage } from "../../contract/item.ts";
import type { Model, TokenUsage } from "../../contract/model.ts";
import { priced } from "./cost.ts";

export interface BudgetLimits {
  costUsd?: number | undefined;
  tokens?: number | undefined;
}

/** A request that is about to be sent. */
export interface Plan {
  model: Pick<Model, "provider" | "name" | "info">;
  /** By our own estimate, where its provider has not counted it. */
  inputTokens: number;
  /** It asks beside the conversation, so that nothing of it is in the provider's cache. */
  aside: boolean;
}

/** Held for a request while it runs, so that those of other sessions do not count on the same money. */
export interface Hold {
  /** What the request is expected to take. */
  expected: TokenUsage;
  release(): void;
}

/** What a budget is of, and the variables that set it. */
const NAMES = {
  session: { of: "This session's", cost: "MAX_SESSION_COST_USD", tokens: "MAX_SESSION_TOKENS" },
  server: { of: "The server's", cost: "MAX_SERVER_COST_USD", tokens: "MAX_SERVER_TOKENS" },
};

interface Amount {
  cost: number;
  tokens: number;
}

/** What may be spent. A session's budget lies within the server's. A model without a price costs nothing here. */
export class Budget {
  readonly #kind: keyof typeof NAMES;
  readonly #limits: BudgetLimits;
  readonly #whole: Budget | undefined;
  readonly #spent: Amount = { cost: 0, tokens: 0 };
  readonly #held: Amount = { cost: 0, tokens: 0 };
  #responses = 0;
  #outputTokens = 0;
  /** The conversation's last request, and who has it in the cache. */
  #last = { model: "", inputTokens: 0 };

  constructor(kind: keyof typeof NAMES, limits: BudgetLimits, whole?: Budget) {
    this.#kind = kind;
    this.#limits = limits;
    this.#whole = whole;
  }

  /** Throws `budget_exceeded` when the request would pass a limit. Of what it returns `release` must be called, once or more. */
  hold(plan: Plan): Hold {
    const expected = this.#expected(plan);
    const { cost_usd } = priced(expected, plan.model.info);
    const amount = { cost: cost_usd ?? 0, tokens: expected.input_tokens + expected.output_tokens };
    this.#check(amount);
    this.#add("held", amount, 1);
    let isHeld = true;
    const release = () => {
      if (isHeld) this.#add("held", amount, -1);
      isHeld = false;
    };
    return { expected, release };
  }

  /** A response has taken this. */
  spend(usage: Usage, plan: Omit<Plan, "inputTokens">): void {
    this.#note(usage, nameOf(plan.model), plan.aside);
    this.#add("spent", amountOf(usage), 1);
  }

  /** What a session had spent before it was taken up again: it is the session's, not this server's. */
  recall(usage: Usage, { model, aside }: { model: string; aside: boolean }): void {
    this.#note(usage, model, aside);
    const { cost, tokens } = amountOf(usage);
    this.#spent.cost += cost;
    this.#spent.tokens += tokens;
  }

  #note(usage: Usage, model: string, aside: boolean): void {
    this.#responses += 1;
    this.#outputTokens += usage.output_tokens;
    if (!aside) this.#last = { model, inputTokens: usage.input_tokens };
  }

  /** The answer is taken to be as long as they were so far, and what was sent before to come from the cache. */
  #expected({ model, inputTokens, aside }: Plan): TokenUsage {
    const isCached = !aside && this.#last.model === nameOf(model);
    return {
      input_tokens: inputTokens,
      cached_input_tokens: isCached ? Math.min(this.#last.inputTokens, inputTokens) : 0,
      cache_write_input_tokens: 0,
      output_tokens: this.#responses === 0 ? 0 : Math.round(this.#outputTokens / this.#responses),
      reasoning_output_tokens: 0,
    };
  }

  #check(next: Amount): void {
    const { costUsd, tokens } = this.#limits;
    const { of, ...variables } = NAMES[this.#kind];
    const taken = {
      cost: this.#spent.cost + this.#held.cost,
      tokens: this.#spent.tokens + this.#held.tokens,
    };
    if (costUsd !== undefined && taken.cost + next.cost > costUsd) {
      const spent = `${dollars(taken.cost)} of ${dollars(costUsd)} are spent or in use, and the next request would cost about ${dollars(next.cost)}`;
      throw new AgentError("budget_exceeded", `${of} budget is used up: ${spent} (${variables.cost}).`);
    }
    if (tokens !== undefined && taken.tokens + next.tokens > tokens) {
      const spent = `${taken.tokens} of ${tokens} tokens are used or in use, and the next request would take about ${next.tokens}`;
      throw new AgentError("budget_exceeded", `${of} budget is used up: ${spent} (${variables.tokens}).`);
    }
    if (this.#whole) this.#whole.#check(next);
  }

  #add(to: "spent" | "held", { cost, tokens }: Amount, sign: 1 | -1): void {
    const amount = to === "spent" ? this.#spent : this.#held;
    amount.cost += sign * cost;
    amount.tokens += sign * tokens;
    if (this.#whole) this.#whole.#add(to, { cost, tokens }, sign);
  }
}

/** As the log tells it, too. */
const nameOf = ({ provider, name }: Pick<Model, "provider" | "name">) => `${provider}/${name}`;

const amountOf = ({ cost_usd, input_tokens, output_tokens }: Usage): Amount => ({
  cost: cost_usd ?? 0,
  tokens: input_tokens + output_tokens,
});

const dollars = (amount: number) => `$${amount.toFixed(amount < 1 ? 4 : 2)}`;
