/**
 * What the built server costs, against what no server can do without (docs/performance.md says how to read it).
 *
 *     npm run bench -- [--quick] [--only NAME,...] [--rounds 5] [--json FILE] [--write] [--peers]
 *                         [--dist FOLDER] [--before FOLDER] [--soak 30m]
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { writeInto } from "./harness/document.ts";
import { parseArgs } from "node:util";
import { tableOf, type Report } from "./harness/report.ts";
import type { Scenario } from "./harness/scenario.ts";
import { type Bench, startProvider } from "./harness/targets.ts";
import { doors } from "./scenarios/doors.ts";
import { longConversation } from "./scenarios/long-conversation.ts";
import { memory } from "./scenarios/memory.ts";
import { paced } from "./scenarios/paced.ts";
import { providers } from "./scenarios/providers.ts";
import { readers } from "./scenarios/readers.ts";
import { saturation } from "./scenarios/saturation.ts";
import { soak } from "./scenarios/soak.ts";
import { start } from "./scenarios/start.ts";
import { store } from "./scenarios/store.ts";
import { tools } from "./scenarios/tools.ts";
import { turn } from "./scenarios/turn.ts";

const SCENARIOS: Record<string, Scenario> = {
  saturation,
  paced,
  turn,
  tools,
  memory,
  start,
  store,
  "long-conversation": longConversation,
  providers,
  doors,
  readers,
};

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    dist: { type: "string" },
    before: { type: "string" },
    soak: { type: "string" },
  },
});

const root = new URL("../", import.meta.url);

async function main(): Promise<void> {
  const rounds = readRounds();
  const provider = await startProvider();
  const dist = values.dist ?? new URL("dist", root).pathname;
  const peers = values.peers ? (["codex"] as const) : [];
  const bench: Bench = { provider, dist, before: values.before, peers };
  const reports: Report[] = [];
  try {
    for (const scenario of chosen()) {
      const measured = await scenario.run(bench, {
        quick: values.quick,
        rounds,
      });
      const about = `${scenario.about} ${conditions()}`;
      const report = { scenario: { name: scenario.name, about }, measured };
      reports.push(report);
      console.log(tableOf(report));
      if (values.write) writeInto(new URL("docs/performance.md", root), [tableOf(report)]);
    }
  } finally {
    await provider.stop();
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
}

function readRounds(): number {
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 3));
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  throw new Error(`--rounds: expected a whole number from 1; came ${values.rounds}`);
}

function conditions(): string {
  const cores = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const quick = values.quick ? " A quick run." : "";
  return `(${day}, ${cores.length} cores, ${cores[0]?.model ?? "unknown"}, Node ${process.versions.node}.${quick})`;
}

function chosen(): Scenario[] {
  if (values.soak !== undefined) return [soak(minutesOf(values.soak))];
  if (values.only === undefined) return Object.values(SCENARIOS);
  return values.only.split(",").map((name) => {
    const scenario = SCENARIOS[name];
    if (scenario) return scenario;
    throw new Error(`--only: expected of ${Object.keys(SCENARIOS).join(", ")}; came ${name}`);
  });
}

function minutesOf(text: string): number {
  const [, minutes] = /^(\d+(?:\.\d+)?)m$/.exec(text) ?? [];
  if (minutes !== undefined) return Number(minutes);
  throw new Error(`--soak: expected minutes as in 30m; came ${text}`);
}

await main();
