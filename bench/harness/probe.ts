/**
 * Loaded into a server under test (`--expose-gc --import`): at SIGUSR2 it collects its garbage and writes what is left
 * to the file that BENCH_PROBE_FILE names.
 */
import { renameSync, writeFileSync } from "node:fs";

process.on("SIGUSR2", () => {
  const file = process.env["BENCH_PROBE_FILE"] ?? "";
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  writeFileSync(`${file}.new`, JSON.stringify({ used: heapUsed + external, timers }));
  renameSync(`${file}.new`, file);
});
