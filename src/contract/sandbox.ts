import type { SandboxMode } from "./message.ts";

/** A process to run. `argv[0]` is looked up in the sandbox's PATH; no shell is added. */
export interface Command {
  argv: readonly [string, ...string[]];
  /** Absolute, inside the workspace. */
  cwd: string;
  timeoutMs: number;
  /** Runs with less than the sandbox's own mode: for commands that were found to only read. */
  readOnly?: boolean;
  /** Given to the process on standard input, then closed. Nothing: standard input is closed. */
  stdin?: string;
}

/** `data` are raw bytes: a character may be split between two events. */
export type ProcessEvent =
  | { type: "output"; stream: "stdout" | "stderr"; data: Uint8Array }
  | {
      type: "exit";
      /** Null when a signal ended it. */
      exitCode: number | null;
      signal: string | null;
      timedOut: boolean;
      /** The process wrote more than the sandbox passes on, and was ended. */
      outputLimit: boolean;
      durationMs: number;
    };

/**
 * Runs one process within bounds. The stream ends with `exit`; after that no descendant of the process lives. When the
 * signal fires, or the reader stops reading, everything is killed. A program that does not exist is exit code 127 with
 * a line on stderr; the stream throws only when the sandbox itself cannot be set up.
 */
export interface Sandbox {
  readonly mode: SandboxMode;
  run(command: Command, signal: AbortSignal): AsyncIterable<ProcessEvent>;
}

/** Where a session works: a folder, absolute and with links resolved, and the sandbox that was made for it. */
export interface Place {
  workspace: string;
  sandbox: Sandbox;
}
