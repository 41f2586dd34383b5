import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The built one, which starts with a third of the work, and the sources, which need no build. */
const BUILT = fileURLToPath(new URL("../../dist/ws-server.js", import.meta.url));
export const SOURCES = fileURLToPath(new URL("../ws-server.ts", import.meta.url));

/** What a server of its own may not take over from whoever runs the tests. */
const OWN_VARIABLES = /^(?:PATH|HOME|LANG|TMPDIR|USER|NODE_.*)$/;

export interface RealServer {
  child: ChildProcess;
  port: number;
  /** `ws://127.0.0.1:PORT/`, or `wss:` where it speaks TLS. */
  url: string;
  /** `http://127.0.0.1:PORT`, or `https:`. */
  origin: string;
  /** What it has written to standard error so far. */
  written(): string;
  /** Sends the signal and resolves with the exit code when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Launch {
  /** The folder it is started in; the workspace unless the environment says otherwise. */
  cwd: string;
  env?: Record<string, string>;
  args?: readonly string[];
  entry?: string;
}

/** It ended before it listened: with this code, and these words. */
export class NotStarted extends Error {
  readonly exitCode: number | null;

  constructor(exitCode: number | null, written: string) {
    super(written);
    this.exitCode = exitCode;
  }
}

/** Starts the real server in a process of its own on a free port. Throws NotStarted. */
export async function startRealServer({
  cwd,
  env = {},
  args = [],
  entry = BUILT,
}: Launch): Promise<RealServer> {
  if (!existsSync(entry)) throw new Error(`${entry} is missing: npm run build`);
  const inherited = Object.entries(process.env).filter(([name]) => OWN_VARIABLES.test(name));
  const child = spawn(process.execPath, [entry, "--port", "0", ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "close") as Promise<[number | null]>;
  let written = "";
  const listening = new Promise<{ port: number; secure: string }>((resolve) => {
    const collect = (chunk: Buffer) => {
      written += chunk.toString();
      const [, secure, port] = /listens on ws(s?):\/\/127\.0\.0\.1:(\d+)\//.exec(written) ?? [];
      if (port !== undefined) resolve({ port: Number(port), secure: secure ?? "" });
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
  });
  const started = await Promise.race([listening, exited.then(([code]) => new NotStarted(code, written))]);
  if (started instanceof NotStarted) throw started;
  const { port, secure } = started;
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    return (await exited)[0];
  };
  return {
    child,
    port,
    url: `ws${secure}://127.0.0.1:${port}/`,
    origin: `http${secure}://127.0.0.1:${port}`,
    written: () => written,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop("SIGKILL")),
  };
}
