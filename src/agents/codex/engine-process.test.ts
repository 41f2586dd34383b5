import { expect, test } from "vitest";
import { EngineProcess, type Launch } from "./engine-process.ts";

/** Ends with its standard input, as the engine does. */
const launch = (more: Partial<Launch>): Launch => ({
  program: { file: "/bin/cat", args: [] },
  args: [],
  env: {},
  cwd: "/",
  marker: "m.1",
  reap: async () => undefined,
  onFault: () => undefined,
  warden: { watch: () => undefined, forget: () => undefined },
  ...more,
});

test("what cannot be removed after a process is told, and the process has gone all the same", async () => {
  const faults: unknown[] = [];
  const forgotten: number[] = [];
  const fault = new Error("EACCES: permission denied, rmdir");
  const engine = new EngineProcess(
    launch({
      reap: () => Promise.reject(fault),
      onFault: (error) => faults.push(error),
      warden: { watch: () => undefined, forget: (pid) => forgotten.push(pid) },
    }),
  );
  const { pid } = engine;
  await expect(engine.stop()).resolves.toEqual({ code: 0, signal: null, words: "" });
  expect(engine.left.aborted).toBe(true);
  expect(faults).toEqual([fault]);
  expect(forgotten).toEqual([pid]);
});

test("what it has left behind is looked for by its marker", async () => {
  const reaped: unknown[] = [];
  const engine = new EngineProcess(launch({ reap: async (...found) => void reaped.push(found) }));
  await engine.stop();
  expect(reaped).toEqual([[engine.pid, "AGENTLOOP_ENGINE=m.1"]]);
});
