import type { Page } from "../contract/page.ts";

/** What is measured, as text. */
export interface Metrics {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Nothing is measured. */
export const noMetrics: Metrics = {
  contentType: "text/plain; version=0.0.4; charset=utf-8",
  metrics: () => Promise.resolve(""),
};

/** `GET /metrics`: the text format of Prometheus. */
export const metricsPage =
  (registry: Metrics): Page =>
  async () => ({
    status: 200,
    headers: { "Content-Type": registry.contentType },
    body: await registry.metrics(),
  });
