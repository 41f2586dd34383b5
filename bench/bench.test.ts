import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Clients } from "./harness/clients.ts";
import { replaced } from "./harness/document.ts";
import { formatOf } from "./harness/formats.ts";
import { readPlan, readStamp, stamp, wordsOf } from "./harness/plan.ts";
import { tableOf } from "./harness/report.ts";
import { BASELINES, startProvider, startTarget } from "./harness/targets.ts";

const DELTAS = 2000;

describe("the benchmarks", () => {
  it("move every delta through each baseline and through the server", { timeout: 120_000 }, async () => {
    const root = fileURLToPath(new URL("../", import.meta.url));
    const provider = await startProvider();
    try {
      const bench = { provider, dist: `${root}dist`, before: undefined, peers: [] };
      for (const name of [...BASELINES, "ours"] as const) {
        const target = await startTarget(bench, name);
        const clients = new Clients();
        try {
          await clients.open(target.origin, 2);
          const { result, cpu } = await target.costOf(() => clients.say(wordsOf({ deltas: DELTAS / 2 })));
          expect([name, result.deltas]).toEqual([name, DELTAS]);
          expect(cpu).toBeGreaterThan(0);
        } finally {
          await clients.end();
          await target.stop();
        }
      }
    } finally {
      await provider.stop();
    }
  });

  it("tell the provider by the newest words what to answer, less the calls that are answered", () => {
    const words = JSON.stringify([wordsOf({ deltas: 1 }), wordsOf({ deltas: 7, rate: 50, calls: 3 })]);
    expect(readPlan(words)).toEqual({ deltas: 7, rate: 50, calls: 3 });
    expect(readPlan(`${words} {"type":"function_call_output"}`).calls).toBe(2);
    expect(readPlan("no words")).toEqual({ deltas: 1, rate: 0, calls: 0 });
  });

  it("read back the times that a delta carries", () => {
    expect(readStamp(`{"delta":"${stamp(12, 5)} "}`)).toEqual({ sent: 12, received: 5 });
    expect(readStamp(stamp(12))).toEqual({ sent: 12 });
    expect(readStamp("an answer in pieces ")).toBeUndefined();
  });

  it("know the providers by their paths", () => {
    const google = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";
    for (const path of ["/v1/responses", "/v1/chat/completions", "/v1/messages", google]) {
      expect(formatOf(path)?.delta("abc")).toContain('"abc"');
    }
    expect(formatOf("/v1/models")).toBeUndefined();
  });

  it("put their tables in place of those of the same name", () => {
    const block = "\n\nnot measured\n\n### Start\n\nold\n\n### Memory\n\nold\n\n";
    expect(replaced(block, ["### Memory\n\nnew\n", "### Soak\n\nnew\n"])).toBe(
      "### Start\n\nold\n\n### Memory\n\nnew\n\n### Soak\n\nnew\n",
    );
  });

  it("show medians with their range, the ratio, and whether a goal is met", () => {
    const samples = { raw: [1, 2, 3], ours: [3, 4, 8] };
    const measured = [{ figure: "a delta", unit: "µs", samples, goal: { says: "at most 2", met: true } }];
    expect(tableOf({ scenario: { name: "Deltas", about: "What one costs." }, measured })).toContain(
      "| a delta, µs | 2 (1–3) | 4 (3–8) | 2.00 | at most 2: met |",
    );
  });
});
