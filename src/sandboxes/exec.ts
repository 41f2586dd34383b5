import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import type { ProcessEvent } from "../contract/sandbox.ts";
import { refusal, type Refusal } from "./cannot-start.ts";
import { openBytes } from "./descriptors.ts";
import { OutputReader } from "./output.ts";
import { PipeStock, type Pipe } from "./pipes.ts";
import { startOf } from "./process-table.ts";
import { terminate } from "./terminate.ts";

/** A process as the operating system is asked for it, and the bounds that need no help from a sandbox. */
export interface Execution {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Another user to run as. Only root can. */
  identity?: Identity | undefined;
  stdin?: string | undefined;
  /** Further descriptors: their number in the process, and ours. */
  descriptors?: ReadonlyMap<number, number>;
  /** A further descriptor that the process writes to; called with all of it before `exit` is told. */
  report?: { descriptor: number; receive(text: string): void };
  timeoutMs: number;
  /** Both streams together. */
  maxOutputBytes: number;
  /** The process ends after all its descendants and only waits for them: it need not be killed, and collects the dead. */
  outlivesDescendants?: boolean;
}

export interface Identity {
  uid: number;
  gid: number;
}

/** Every descendant has it in its environment, so that one that left the process group is found. */
const RUN = "AGENTLOOP_RUN";

/** No machine starts as many processes in this time as there are numbers for them, 32 768 at least. */
const YOUNG_MS = 500;

const pipes = new PipeStock();

export type Exit = Extract<ProcessEvent, { type: "exit" }>;
type StopReason = "timeout" | "output" | "abort";

/**
 * Runs a process and tells what it writes, as it writes it; a reader that does not keep up slows the process. Ends with
 * `exit`, when all that the process started is dead. What cannot be started is told as a shell does: a line on stderr
 * and exit code 127 (no such program) or 126 (not allowed, or no such folder).
 */
export async function* execute(
  execution: Execution,
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void, void> {
  if (signal.aborted) {
    yield exitEvent({ signal: "SIGKILL" });
    return;
  }
  const run = await start(execution);
  if ("line" in run) {
    yield { type: "output", stream: "stderr", data: Buffer.from(`${run.line}\n`) };
    yield exitEvent({ exitCode: run.exitCode });
    return;
  }
  const onAbort = () => run.stop("abort");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const timer = setTimeout(() => run.stop("timeout"), execution.timeoutMs);
  try {
    let room = execution.maxOutputBytes;
    for (let event = await run.output.next(); event !== undefined; event = await run.output.next()) {
      if (event.data.length > room) run.stop("output");
      const data = event.data.subarray(0, room);
      room -= data.length;
      if (data.length > 0) yield { ...event, data };
    }
    yield await run.ended;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    run.stop("abort");
    run.output.close();
    await run.ended;
  }
}

interface Run {
  output: OutputReader;
  /** All is dead. Never rejects. */
  ended: Promise<Exit>;
  stop(reason: StopReason): void;
}

async function start(execution: Execution): Promise<Run | Refusal> {
  const startedAt = performance.now();
  const run = randomUUID();
  const output = await openOutput();
  const exited = Promise.withResolvers<Pick<Exit, "exitCode" | "signal">>();
  let child: ChildProcess;
  let since: number;
  try {
    child = launch(execution, { ...execution.env, [RUN]: run }, output.writeEnds);
    since = child.pid === undefined ? 0 : startOf(child.pid);
    child.once("exit", (exitCode, signal) => exited.resolve({ exitCode, signal }));
    await spawned(child);
  } catch (error) {
    output.reader.close();
    return refusal(execution, error);
  }
  const report = collect(child, execution);
  const kill = () =>
    terminate(child.pid ?? 0, {
      marker: `${RUN}=${run}`,
      since,
      isYoung: performance.now() - startedAt < YOUNG_MS,
      outlivesDescendants: execution.outlivesDescendants === true,
    });
  let stopped: StopReason | undefined;

  const ended = exited.promise.then(async (exit): Promise<Exit> => {
    const durationMs = performance.now() - startedAt;
    if (!execution.outlivesDescendants || exit.signal !== null) await kill();
    output.reader.expectEnd();
    await report;
    return exitEvent({
      ...exit,
      timedOut: stopped === "timeout",
      outputLimit: stopped === "output",
      durationMs,
    });
  });
  const stop = (reason: StopReason) => {
    if (stopped !== undefined || child.exitCode !== null || child.signalCode !== null) return;
    stopped = reason;
    void kill();
  };
  return { output: output.reader, ended, stop };
}

async function openOutput(): Promise<{ reader: OutputReader; writeEnds: [number, number] }> {
  const [stdout, stderr] = await Promise.all([pipes.take(), pipes.take()]);
  const reader = new OutputReader({ stdout: readable(stdout), stderr: readable(stderr) });
  return { reader, writeEnds: [stdout.writeEnd, stderr.writeEnd] };
}

function readable({ readEnd }: Pipe): Socket {
  return new Socket({ fd: readEnd, readable: true, writable: false });
}

/** The process leads a group and a session of its own. The write ends are its own from now on. */
function launch(
  { file, args, cwd, identity, stdin, descriptors, report }: Execution,
  env: Record<string, string>,
  writeEnds: readonly [number, number],
): ChildProcess {
  const input = stdin === undefined ? undefined : openBytes(stdin);
  try {
    const stdio: StdioOptions = [input ?? "ignore", ...writeEnds];
    const highest = Math.max(2, report?.descriptor ?? 0, ...(descriptors?.keys() ?? []));
    for (let fd = 3; fd <= highest; fd += 1) {
      stdio.push(fd === report?.descriptor ? "pipe" : (descriptors?.get(fd) ?? "ignore"));
    }
    return spawn(file, args, { cwd, env, stdio, detached: true, ...identity });
  } finally {
    for (const descriptor of writeEnds) closeSync(descriptor);
    if (input !== undefined) closeSync(input);
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
}

function collect(child: ChildProcess, { report }: Execution): Promise<void> | undefined {
  const stream = report && child.stdio[report.descriptor];
  if (!(stream instanceof Readable)) return undefined;
  let text = "";
  stream.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  return new Promise((resolve) => {
    stream.once("error", () => {});
    stream.once("close", () => {
      report?.receive(text);
      resolve();
    });
  });
}

function exitEvent(known: Partial<Exit>): Exit {
  return {
    type: "exit",
    exitCode: null,
    signal: null,
    timedOut: false,
    outputLimit: false,
    durationMs: 0,
    ...known,
  };
}
