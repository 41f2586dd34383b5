import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { MARKER } from "./environment.ts";
import { linesOf } from "./lines.ts";
import type { Program } from "./program.ts";
import type { Warden } from "./warden.ts";

export interface Launch {
  program: Program;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** In the environment of everything that it starts; another one for each process. */
  marker: string;
  /** Kills the process, and whatever it has left behind. */
  reap: (pid: number, marker: string) => Promise<void>;
  /** Told what went wrong with that; the process has gone all the same. */
  onFault: (error: unknown) => void;
  /** Does it for us when we cannot. */
  warden: Pick<Warden, "watch" | "forget">;
}

/** How a process ended. */
export interface Gone {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines of its standard error. */
  words: string;
}

/** What may wait for a process that does not read, in bytes; past it, it is given up. */
const INPUT_LIMIT = 16 * 1024 * 1024;
/** Its own end takes some 50 ms. */
const GRACE_MS = 2_000;
const LAST_LINES_MS = 500;
const STDERR_LINES = 8;
const STDERR_CHARACTERS = 2_000;

/**
 * One codex process: lines in, lines out. It ends when its standard input does, so it never outlives us, however we
 * end. It leads a process group of its own: a Ctrl-C in our terminal is ours alone.
 */
export class EngineProcess {
  /** In the environment of everything that it starts. */
  readonly marker: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #launch: Launch;
  readonly #left = new AbortController();
  /** Never rejects. */
  readonly gone: Promise<Gone>;
  #stderr = "";
  #isAlive = true;

  constructor(launch: Launch) {
    this.#launch = launch;
    this.marker = launch.marker;
    const { program, args, env, cwd } = launch;
    this.#child = spawn(program.file, [...program.args, ...args], {
      cwd,
      env,
      detached: true,
      stdio: "pipe",
    });
    this.#child.stderr.on("data", (chunk: Buffer) => this.#hear(chunk));
    // Broken pipes are told by the end of the process.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      stream.on("error", () => {});
    if (this.#child.pid !== undefined) launch.warden.watch(this.#child.pid);
    this.gone = this.#ending();
  }

  /** False as soon as it has ended, or is to end: what it has left behind may still be looked for. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Fires when the process has ended, and nothing of it is left. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The lines that it writes, read as they are taken. Ends with the process. */
  lines(): AsyncGenerator<string> {
    return linesOf(this.#child.stdout);
  }

  /** False when it does not read any more: it is then given up. */
  send(line: string): boolean {
    const { stdin } = this.#child;
    if (stdin.writableLength > INPUT_LIMIT) {
      this.kill();
      return false;
    }
    if (stdin.writable) stdin.write(`${line}\n`);
    return true;
  }

  /** Lets it end by itself, for a while. Resolves when it and all that it started are gone. */
  async stop(): Promise<Gone> {
    this.#isAlive = false;
    this.#child.stdin.end();
    const waiting = new AbortController();
    const late = delay(GRACE_MS, undefined, { signal: waiting.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const gone = await this.gone;
    waiting.abort();
    await late;
    return gone;
  }

  kill(): void {
    this.#isAlive = false;
    this.#child.kill("SIGKILL");
  }

  async #ending(): Promise<Gone> {
    const ended = await new Promise<Omit<Gone, "words">>((resolve) => {
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
      this.#child.once("error", (error) => {
        this.#stderr += `${error.message}\n`;
        resolve({ code: null, signal: null });
      });
    });
    this.#isAlive = false;
    this.#child.stdin.destroy();
    const { pid } = this.#child;
    if (pid !== undefined) {
      await this.#launch
        .reap(pid, `${MARKER}=${this.#launch.marker}`)
        .catch((error: unknown) => this.#launch.onFault(error));
      this.#launch.warden.forget(pid);
    }
    await this.#readToEnd();
    this.#left.abort();
    return { ...ended, words: lastWords(this.#stderr) };
  }

  /** What it wrote last may still wait to be read; what holds the pipe open now has escaped us. */
  async #readToEnd(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout.closed || stdout.readableEnded) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    await Promise.race([
      once(stdout, "close", { signal }),
      delay(LAST_LINES_MS, undefined, { signal }),
    ]).catch(() => undefined);
    waiting.abort();
    stdout.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#stderr = (this.#stderr + chunk.toString()).slice(-4 * STDERR_CHARACTERS);
  }
}

/** Without colours and empty lines. */
function lastWords(stderr: string): string {
  const lines = stripVTControlCharacters(stderr)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.slice(-STDERR_LINES).join("\n").slice(-STDERR_CHARACTERS);
}
