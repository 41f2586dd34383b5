import { below, type Measured, medianOf, type Scenario } from "../harness/scenario.ts";
import { startTarget } from "../harness/targets.ts";

/** From the start of the process to the first answer. */
export const start: Scenario = {
  name: "Start",
  about: "From the start of the process to the first answer of /health (raw: until it listens).",
  async run(bench, { rounds }) {
    const samples: Measured["samples"] = {};
    const names = ["raw", "ours", ...(bench.before === undefined ? [] : (["before"] as const))] as const;
    for (let round = 0; round < 2 * rounds; round += 1) {
      for (const name of names) {
        const target = await startTarget(bench, name);
        const begun = performance.now();
        if (name !== "raw") await (await fetch(`${target.origin}/health`)).text();
        const answered = target.program.startMs + performance.now() - begun;
        await target.stop();
        samples[name] = [...(samples[name] ?? []), answered];
      }
    }
    const goal = below(200, "ms", samples);
    const beyond = medianOf(samples, "ours") - medianOf(samples, "raw");
    return [
      { figure: "first answer", unit: "ms", samples, ...(goal && { goal }) },
      { figure: "beyond raw, which loads node:http and ws", unit: "ms", samples: { ours: [beyond] } },
    ];
  },
};
