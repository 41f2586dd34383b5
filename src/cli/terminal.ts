import { once } from "node:events";
import type { Terminal } from "./command.ts";

/** The terminal, or the pipes, that this process was started with. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  // Whoever reads the results has seen enough.
  stdout.on("error", (error) => {
    if ("code" in error && error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    async out(text) {
      if (!stdout.write(text)) await once(stdout, "drain");
    },
    say: (text) => void stderr.write(text),
    columns: stdout.isTTY ? stdout.columns : undefined,
    isWatched: stderr.isTTY,
    stop: stop.signal,
  };
}
