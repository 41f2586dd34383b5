import { closeSync, existsSync, realpathSync, statSync } from "node:fs";
import type { Command, ProcessEvent, Sandbox } from "../contract/sandbox.ts";
import { bubblewrapArguments, type View } from "./bubblewrap-arguments.ts";
import { blankDescriptors, openBytes, reopen } from "./descriptors.ts";
import { commandEnvironment, type Environment } from "./environment.ts";
import { execute, type Execution, type Identity } from "./exec.ts";
import { DEFAULT_LIMITS, withinLimits, type Limits } from "./limits.ts";
import { Placeholders } from "./placeholders.ts";
import { protectedPaths } from "./protected-paths.ts";
import { seccompFilter } from "./seccomp.ts";
import { exitThroughShell } from "./signals.ts";
import type { Architecture } from "./syscalls.ts";

export interface BubblewrapOptions {
  /** Absolute path of the program `bwrap`. */
  program: string;
  mode: "read-only" | "workspace-write";
  /** Absolute, links resolved. */
  workspace: string;
  /** Absolute paths of what commands cannot read. What does not exist is hidden from the first command after it does. */
  hiddenPaths: readonly string[];
  /** Absolute paths of what commands cannot change, nor make where it is missing. */
  readOnlyPaths?: readonly string[];
  network: boolean;
  architecture: Architecture;
  identity?: Identity | undefined;
  /** /tmp of commands that may write, kept from one to the next. Without it /tmp is fresh for every command. */
  tempFolder?: string | undefined;
  environment?: Environment;
  limits?: Partial<Limits>;
}

const FILTER = 3;
const STATUS = 4;

/**
 * Runs commands in bubblewrap (0.8 or newer). A folder that does not exist is told as a line on stderr and exit code
 * 126. Throws when bubblewrap fails before the command starts. A death by SIGHUP is told as exit code 129: bubblewrap
 * hands on a shell's codes, and programs exit with 129 by themselves.
 */
export function createBubblewrapSandbox(options: BubblewrapOptions): Sandbox {
  const bubblewrap = new Bubblewrap(options);
  const placeholders = new Placeholders();

  async function* run(command: Command, signal: AbortSignal): AsyncGenerator<ProcessEvent, void, void> {
    const writable = options.mode === "workspace-write" && command.readOnly !== true;
    const { placed, release } = placeholders.hold(
      writable ? protectedPaths(options.workspace, options.readOnlyPaths) : [],
    );
    try {
      yield* bubblewrap.run(command, { writable, protectedPaths: placed }, signal);
    } finally {
      release();
    }
  }
  return { mode: options.mode, run };
}

class Bubblewrap {
  readonly #options: BubblewrapOptions;
  readonly #limits: Limits;
  readonly #env: Record<string, string>;
  readonly #filter: number;
  readonly #blank: ReadonlyMap<number, number>;
  readonly #keptInRun = neededInRun();

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#env = commandEnvironment(
      options.environment ?? {},
      { HOME: "/tmp", TMPDIR: "/tmp" },
      options.workspace,
    );
    this.#filter = openBytes(seccompFilter(options.architecture));
    this.#blank = blankDescriptors([FILTER, STATUS]);
  }

  async *run(
    command: Command,
    scope: Pick<View, "writable" | "protectedPaths">,
    signal: AbortSignal,
  ): AsyncGenerator<ProcessEvent, void, void> {
    const filter = reopen(this.#filter);
    try {
      const start = (status: (text: string) => void) =>
        execute(this.#execution(command, scope, { filter, status }), signal);
      yield* judge(start, signal);
    } finally {
      closeSync(filter);
    }
  }

  #execution(
    command: Command,
    scope: Pick<View, "writable" | "protectedPaths">,
    channels: { filter: number; status: (text: string) => void },
  ): Execution {
    const { workspace, network, hiddenPaths, tempFolder, program, identity } = this.#options;
    const view: View = {
      ...scope,
      workspace,
      network,
      tempFolder: scope.writable ? tempFolder : undefined,
      hidden: existing(hiddenPaths),
      keptInRun: this.#keptInRun,
      limits: this.#limits,
    };
    const blank = [...this.#blank.keys()];
    return {
      file: program,
      args: [
        ...bubblewrapArguments(view, command.cwd, { filter: FILTER, status: STATUS, blank }),
        ...withinLimits(command.argv, this.#limits),
      ],
      cwd: "/",
      env: this.#env,
      identity,
      stdin: command.stdin,
      descriptors: new Map([...this.#blank, [FILTER, channels.filter]]),
      report: { descriptor: STATUS, receive: channels.status },
      timeoutMs: command.timeoutMs,
      maxOutputBytes: this.#limits.outputBytes,
      outlivesDescendants: true,
    };
  }
}

/** Tells bubblewrap's own failure from the command's: bubblewrap reports an exit code only of what it has started. */
async function* judge(
  run: (status: (text: string) => void) => AsyncIterable<ProcessEvent>,
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void, void> {
  let status = "";
  let complaint = "";
  for await (const event of run((text) => (status = text))) {
    if (event.type === "output") {
      if (complaint.length < COMPLAINT_LENGTH) complaint += Buffer.from(event.data).toString();
      yield event;
      continue;
    }
    const isStarted = event.signal !== null || status.includes('"exit-code"');
    // Ended by us while it started, bubblewrap may go with an exit code of its own.
    const isOurs = signal.aborted || event.timedOut || event.outputLimit;
    if (isStarted) yield exitThroughShell(event);
    else if (isOurs) yield { ...event, exitCode: null, signal: "SIGKILL" };
    else if (complaint.startsWith("bwrap: Can't chdir to ")) yield { ...event, exitCode: 126 };
    else throw new SandboxSetupError(complaint.slice(0, COMPLAINT_LENGTH).trim());
  }
}

const COMPLAINT_LENGTH = 2000;

/** Bubblewrap failed before the command started; `complaint` is what it said. */
export class SandboxSetupError extends Error {
  override readonly name = "SandboxSetupError";
  readonly complaint: string;

  constructor(complaint: string) {
    super(`The sandbox could not be set up: ${complaint}`);
    this.complaint = complaint;
  }
}

/** What the server's user cannot come near, its commands cannot either: it needs no hiding. */
function existing(paths: readonly string[]): View["hidden"] {
  return paths.flatMap((named) => {
    try {
      const path = realpathSync(named);
      return [{ path, isFolder: statSync(path).isDirectory() }];
    } catch {
      return [];
    }
  });
}

/** Names are resolved by a file there on systemd, and on NixOS all programs are found through there. */
function neededInRun(): string[] {
  return ["/etc/resolv.conf", "/run/current-system"].flatMap((path) => {
    if (!existsSync(path)) return [];
    return path.startsWith("/run/") ? path : realpathSync(path).startsWith("/run/") ? realpathSync(path) : [];
  });
}
