/** Bounds of every command of a sandbox. */
export interface Limits {
  /** Standard output and error together; a process that writes more is ended. */
  outputBytes: number;
  /** Private writable memory of each single process. */
  memoryBytes: number;
  /** Processes and threads of one command. The kernel does not count those of root. */
  processes: number;
  /** The private /tmp where it is in memory. */
  tempBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  outputBytes: 64 * 2 ** 20,
  memoryBytes: 4 * 2 ** 30,
  processes: 1024,
  tempBytes: 2 ** 30,
};

/**
 * An argument vector that runs another within the limits: a shell that waits for it and returns its exit code, 128 and
 * more for a signal. It is the first process of a sandbox, so all others die with it. Its own words about a command
 * that was killed are kept off the command's standard error.
 */
export function withinLimits(argv: readonly string[], limits: Limits): string[] {
  const data = Math.ceil(limits.memoryBytes / 1024);
  const script = [
    "exec 3>&2 2>/dev/null",
    "ulimit -c 0",
    `ulimit -d ${data}`,
    // bash and zsh say -u; dash and busybox say -p, which in bash is something else.
    `ulimit -u ${limits.processes} || ulimit -p ${limits.processes}`,
    `(exec "$@" 2>&3 3>&-)`,
    "exit $?",
  ].join("\n");
  return ["/bin/sh", "-c", script, "sh", ...argv];
}
