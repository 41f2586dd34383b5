import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "examples/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
    globalSetup: ["scripts/build-server.mjs", "scripts/build-web.mjs", "scripts/build-client.mjs"],
    // Real processes and sockets on a small machine: a hang is found by its own deadline, not by a tight limit here.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Most of them wait for processes and sockets, so that two run well beside each other on two cores.
    maxWorkers: 2,
  },
});
