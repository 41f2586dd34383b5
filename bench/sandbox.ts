/** What the sandbox costs: `true` in it against a plain spawn, in turn. Prints the medians and their ratio. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pickSandbox } from "../src/sandboxes/pick.ts";

const RUNS = Number(process.argv[2] ?? 50);
const never = new AbortController().signal;

const workspace = await mkdtemp(join(tmpdir(), "bench-sandbox-"));
try {
  const { sandbox, description } = await pickSandbox({
    mode: "workspace-write",
    workspace,
    hiddenPaths: [],
    network: false,
    environment: process.env,
  });
  const plain: number[] = [];
  const confined: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    plain.push(await timed(() => captured()));
    confined.push(
      await timed(() => drain(sandbox.run({ argv: ["true"], cwd: workspace, timeoutMs: 10_000 }, never))),
    );
  }
  const ratio = median(confined) / median(plain);
  console.log(`${description}: ${RUNS} runs of true, in turn`);
  console.log(`plain spawn   ${median(plain).toFixed(2)} ms (median)`);
  console.log(`sandboxed     ${median(confined).toFixed(2)} ms (median)`);
  console.log(`ratio         ${ratio.toFixed(2)} (goal: at most 4)`);
} finally {
  await rm(workspace, { recursive: true });
}

/** As anyone would run a command whose output they want. */
async function captured(): Promise<void> {
  const child = spawn("true", { cwd: workspace, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  child.stderr.resume();
  await once(child, "close");
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

function median(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
