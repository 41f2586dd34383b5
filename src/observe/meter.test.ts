import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Watched } from "./happening.ts";
import { Meter } from "./meter.ts";

const DOCUMENT = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");
const SESSION: Watched = { id: "a", provider: "openai", model: "gpt-5" };

function meter(): Meter {
  const made = new Meter(["gpt-5"]);
  made.watch(() => ({ sessions: { idle: 0, running: 0 }, clients: [], unsyncedBytes: 0 }));
  return made;
}

test("the document tells of every metric, and of no other", async () => {
  const told = new Set(
    [...DOCUMENT.matchAll(/^\| (`agentloop_.*?) \|/gm)].flatMap(
      ([, cell = ""]) => cell.match(/agentloop_\w+/g) ?? [],
    ),
  );
  const own = (await meter().registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith("agentloop_"));
  expect([...told].sort()).toEqual(own.sort());
});

test("the alerts ask for metrics that there are", async () => {
  const text = await meter().registry.metrics();
  const asked = [...DOCUMENT.matchAll(/expr: .*/g)].flatMap(
    ([line]) => line.match(/(?:agentloop|nodejs)_\w+/g) ?? [],
  );
  expect(asked.length).toBeGreaterThan(5);
  for (const name of asked) expect(text).toContain(`# TYPE ${name} `);
});

test("a tool's outcome is told by what its run came to, and a foreign tool is one of others", async () => {
  const made = meter();
  const run = (name: string, facts: object | undefined) =>
    made.happened({ type: "tool", name, callId: "c", began: 0, at: 1, facts }, SESSION);
  run("shell", { exit_code: 0 });
  run("shell", { exit_code: 3 });
  run("shell", { exit_code: null, signal: "SIGKILL" });
  run("shell", { exit_code: null, signal: "SIGKILL", timed_out: true });
  run("apply_patch", undefined);
  run("made up by a model", { exit_code: 0 });
  const text = await made.registry.metrics();
  const count = (tool: string, outcome: string) =>
    `agentloop_tool_duration_seconds_count{tool="${tool}",outcome="${outcome}"} 1`;
  for (const outcome of ["ok", "failed", "killed", "timed_out"])
    expect(text).toContain(count("shell", outcome));
  expect(text).toContain(count("apply_patch", "ok"));
  expect(text).toContain(count("other", "ok"));
});

test("a price that is not known is counted as that, and not as nothing", async () => {
  const made = meter();
  const usage = {
    input_tokens: 5,
    cached_input_tokens: 2,
    cache_write_input_tokens: 0,
    output_tokens: 1,
    reasoning_output_tokens: 0,
    cost_usd: null,
  };
  made.happened({ type: "response", began: 0, at: 1, responseId: "r", usage, facts: undefined }, SESSION);
  const text = await made.registry.metrics();
  expect(text).toContain('agentloop_unpriced_responses_total{provider="openai",model="gpt-5"} 1');
  expect(text).not.toMatch(/agentloop_cost_usd_total\{/);
  expect(text).toContain('agentloop_tokens_total{provider="openai",model="gpt-5",kind="cached_input"} 2');
});
