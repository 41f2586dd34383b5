import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { codexBinary } from "../../src/testing/codex-binary.ts";
import type { DoorName } from "./doors.ts";
import { cpuOf, type Program, startProgram } from "./processes.ts";

export const BASELINES = ["raw", "raw+log", "sdk", "sdk+log"] as const;

/** `before`: another build of the server, to compare with. `codex`: the app-server of `@openai/codex`. */
export type TargetName = (typeof BASELINES)[number] | "ours" | "before" | "codex";

/** A server under test. */
export interface Target {
  name: TargetName;
  program: Program;
  /** `http://127.0.0.1:PORT`. */
  origin: string;
  door: DoorName;
  /** Of its logs; empty where it writes none. */
  folder: string;
  /** Microseconds of the processor that the work took, with its result. */
  costOf<Result>(work: () => Promise<Result>): Promise<{ result: Result; cpu: number }>;
  stop(): Promise<void>;
}

/** What all targets of a run share. */
export interface Bench {
  provider: Program;
  /** The folder of the built server, and of the one to compare it with. */
  dist: string;
  before: string | undefined;
  /** Other programs that do the same. */
  peers: readonly TargetName[];
}

/** As the server's own start commands have it. */
const NODE_FLAGS = ["--max-semi-space-size=8"];

const beside = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

export const startProvider = (): Promise<Program> => startProgram({ argv: [beside("provider.ts")] });

/** `env`, `node`: settings of our server, and flags of its Node. */
export async function startTarget(
  bench: Bench,
  name: TargetName,
  { env = {}, node = [] }: { env?: Record<string, string>; node?: readonly string[] } = {},
): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-bench-"));
  const isOurs = name === "ours" || name === "before";
  const dist = name === "before" ? bench.before : bench.dist;
  const program = await (isOurs
    ? startOurs(bench, {
        folder,
        env,
        argv: [...NODE_FLAGS, ...node, join(resolve(dist ?? ""), "ws-server.js")],
      })
    : name === "codex"
      ? startCodex(bench, folder)
      : startBaseline(bench, name, folder));
  return {
    name,
    program,
    origin: `http://127.0.0.1:${program.port}`,
    door: name === "codex" ? "codex-rpc" : "agentloop",
    folder,
    async costOf(work) {
      const before = cpuOf(program.pid);
      const result = await work();
      return { result, cpu: cpuOf(program.pid) - before };
    },
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startBaseline({ provider }: Bench, name: string, folder: string): Promise<Program> {
  const [kind = "", log] = name.split("+");
  const logFlags = log === undefined ? [] : ["--log", join(folder, "log.jsonl")];
  const url = `http://127.0.0.1:${provider.port}`;
  return startProgram({ argv: [beside(`${kind}.ts`), "--provider", url, ...logFlags] });
}

/** With its defaults in all that costs: the record with its barriers, the sandbox, the limits. */
function startOurs(
  { provider }: Bench,
  { folder, env, argv }: { folder: string; env: Record<string, string>; argv: string[] },
): Promise<Program> {
  const url = `http://127.0.0.1:${provider.port}`;
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  return startProgram({
    argv: [...argv, "--port", "0"],
    cwd: workspace,
    port: /listens on ws:\/\/127\.0\.0\.1:(\d+)\//,
    env: {
      MODEL: "gpt-4.1",
      OPENAI_API_KEY: "key-of-the-bench",
      OPENAI_BASE_URL: `${url}/v1`,
      ANTHROPIC_API_KEY: "key-of-the-bench",
      ANTHROPIC_BASE_URL: url,
      GOOGLE_API_KEY: "key-of-the-bench",
      GOOGLE_GEMINI_BASE_URL: url,
      SESSION_STORE_PATH: join(folder, "sessions"),
      // The clients of one round have nothing to do with those of the next.
      SESSION_DETACH_SECONDS: "1",
      // They say more in a second than people do.
      MAX_MESSAGES_PER_SECOND: "100000",
      ...env,
    },
  });
}

function startCodex({ provider }: Bench, folder: string): Promise<Program> {
  const settings = [
    'model = "gpt-4.1"',
    'model_provider = "bench"',
    'approval_policy = "never"',
    'sandbox_mode = "danger-full-access"',
    "[model_providers.bench]",
    'name = "bench"',
    `base_url = "http://127.0.0.1:${provider.port}/v1"`,
    'wire_api = "responses"',
    'env_key = "BENCH_KEY"',
  ];
  writeFileSync(join(folder, "config.toml"), settings.join("\n"));
  return startProgram({
    argv: [codexBinary(), "app-server", "--listen", "ws://127.0.0.1:0"],
    cwd: folder,
    port: /listening on: ws:\/\/127\.0\.0\.1:(\d+)/,
    env: { CODEX_HOME: folder, BENCH_KEY: "key-of-the-bench" },
  });
}
