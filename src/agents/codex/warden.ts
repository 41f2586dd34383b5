import { type ChildProcess, spawn } from "node:child_process";
import { MARKER } from "./environment.ts";

/**
 * Cleans up when the server is killed and can do nothing itself. A process of the engine ends with its standard input,
 * but what it was starting at that moment may stay for ever: a bubblewrap whose parent has died waits for its word.
 * The warden is a shell that reads which processes there are until its own input ends, which it does with us. Then it
 * gives them a moment, and kills what is left of their sessions, or has the server's mark.
 */
export class Warden {
  readonly #mark: string;
  #shell: ChildProcess | undefined;

  /** `mark`: what stands first in the environment variable of everything that is watched, and of nothing else. */
  constructor(mark: string) {
    this.#mark = mark;
  }

  /** `pid` leads a session of its own. */
  watch(pid: number): void {
    this.#tell(`+ ${pid}`);
  }

  forget(pid: number): void {
    this.#tell(`- ${pid}`);
  }

  #tell(line: string): void {
    // Elsewhere no sandbox of the engine can be left so, and there is no /proc to look at.
    if (process.platform !== "linux") return;
    this.#shell ??= this.#start();
    this.#shell.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "agentloop-warden", `${MARKER}=${this.#mark}`], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["pipe", "ignore", "ignore"],
      // A Ctrl-C in our terminal must not end it before us.
      detached: true,
    });
    const lost = () => (this.#shell = undefined);
    shell.once("error", lost).once("exit", lost);
    shell.stdin?.on("error", () => undefined);
    shell.unref();
    // Its pipe must not keep us from ending.
    if (shell.stdin && "unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref();
    return shell;
  }
}

/**
 * See proc(5), /proc/pid/stat: after the program's name in parentheses come state, parent, group and session. The first
 * look is at sessions alone, as it costs nothing.
 */
const SCRIPT = `
mark=$1 watched=' '
while read -r sign pid; do
  case $sign in
    +) watched="$watched$pid " ;;
    -) case $watched in *" $pid "*) watched="\${watched%%" $pid "*} \${watched#*" $pid "}" ;; esac ;;
  esac
done
[ "$watched" = ' ' ] && exit
for look in session session session mark; do
  sleep 0.5
  for stat in /proc/[0-9]*/stat; do
    pid=\${stat#/proc/}; pid=\${pid%/stat}
    read -r line 2>/dev/null < "$stat" || continue
    set -- \${line##*) }
    case $watched in
      *" $4 "*) kill -KILL "$pid" 2>/dev/null ;;
      *) [ $look = mark ] && grep -aq "$mark" "/proc/$pid/environ" 2>/dev/null && kill -KILL "$pid" 2>/dev/null ;;
    esac
  done
done
`;
