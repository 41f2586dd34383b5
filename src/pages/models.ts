import type { Page } from "../contract/page.ts";

/** Those that may be asked for. `contextWindow` in tokens. */
export type OfferedModels = readonly { name: string; provider: string; contextWindow: number }[];

/** `GET /models`: `{"models": [{name, provider, context_window}, ...]}`, the server's own first. */
export const listModels = (models: OfferedModels): Page => {
  const told = models.map(({ name, provider, contextWindow: context_window }) => ({
    name,
    provider,
    context_window,
  }));
  const body = JSON.stringify({ models: told });
  return () => Promise.resolve({ status: 200, body });
};
