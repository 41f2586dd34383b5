import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const POLL_MS = 40;
const DEADLINE_MS = 15_000;

export interface Terminal {
  /** Named keys (`Enter`, `C-c`) or characters, as `tmux send-keys` takes them. */
  press(...keys: string[]): void;
  type(text: string): void;
  /** As a terminal pastes: in one piece, marked as a paste. */
  paste(text: string): void;
  /** The screen as text; `colours` keeps the styles. */
  screen(options?: { colours?: boolean }): string;
  /** Waits until the screen fits; fails with the last screen. */
  shows(expected: RegExp): Promise<string>;
  /** Waits for the program's end. */
  exitCode(): Promise<number>;
  /** Everything that the program has sent to the terminal, as it was sent; waits until it contains the text. */
  sent(expected: string): Promise<string>;
  close(): void;
}

/** Runs a program in a real terminal (tmux) of 100 columns and 40 rows. `deadlineMs`: for everything that is waited for. */
export function openTerminal(argv: readonly string[], { deadlineMs = DEADLINE_MS } = {}): Terminal {
  const folder = mkdtempSync(join(tmpdir(), "terminal-"));
  const record = join(folder, "raw");
  const status = join(folder, "status");
  const tmux = (...args: string[]) => {
    const run = spawnSync("tmux", ["-u", "-S", join(folder, "socket"), ...args], {
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`tmux ${args[0]} failed: ${run.error?.message ?? run.stderr}`);
    return run.stdout;
  };
  // The recorder must be there before the first byte: the program waits for it. The shell keeps the exit code, since
  // tmux sometimes loses it.
  const script = `trap : INT; read -r _; "$@"; echo $? > ${status}.part; mv ${status}.part ${status}`;
  const program = ["sh", "-c", script, "sh", ...argv];
  const size = ["-x", "100", "-y", "40"];
  tmux("-f", "/dev/null", "new-session", "-d", ...size, ...program, ";", "set", "remain-on-exit", "on");
  tmux("pipe-pane", `cat > ${record}`);
  tmux("send-keys", "Enter");
  const screen = (options: { colours?: boolean } = {}) =>
    tmux("capture-pane", "-p", ...(options.colours ? ["-e"] : [])).trimEnd();

  const waitFor = (read: () => string, fits: (text: string) => boolean, expected: RegExp | string) =>
    poll(
      () => (fits(read()) ? read() : undefined),
      () => `${String(expected)} never came:\n${read()}`,
      deadlineMs,
    );
  return {
    press: (...keys) => void tmux("send-keys", ...keys),
    type: (text) => void tmux("send-keys", "-l", text),
    paste: (text) => void tmux("set-buffer", text, ";", "paste-buffer", "-p", "-r"),
    screen,
    shows: (expected) => waitFor(screen, (text) => expected.test(text), expected),
    exitCode: async () => {
      const code = () => (existsSync(status) ? Number(readFileSync(status, "utf8")) : undefined);
      return poll(code, () => `the program did not end:\n${screen()}`, deadlineMs);
    },
    sent: (expected) =>
      waitFor(
        () => readFileSync(record, "utf8"),
        (text) => text.includes(expected),
        expected,
      ),
    close() {
      tmux("kill-server");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function poll<Value>(
  look: () => Value | undefined,
  complaint: () => string,
  deadlineMs: number,
): Promise<Value> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const value = look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export interface PipedProgram {
  write(text: string): void;
  /** Ends its standard input. */
  end(): void;
  /** Waits until its standard output contains the text. */
  printed(expected: string): Promise<void>;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: Promise<number | null>;
  close(): void;
}

/** Runs a program whose input and outputs are pipes. */
export function openPipes([command, ...args]: readonly [string, ...string[]]): PipedProgram {
  const child = spawn(command, args, { stdio: "pipe" });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  // Writing to a program that has ended is no failure of a test.
  child.stdin.on("error", () => {});
  const exitCode = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  return {
    write: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    async printed(expected) {
      while (!texts.stdout.includes(expected)) await once(child.stdout, "data");
    },
    get stdout() {
      return texts.stdout;
    },
    get stderr() {
      return texts.stderr;
    },
    exitCode,
    close: () => void child.kill("SIGKILL"),
  };
}
