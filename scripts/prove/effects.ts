import { basename } from "node:path";
import { PROGRAMS } from "../../src/tools/shell/assess/programs.ts";
import { CANARY, type World } from "./world.ts";

/** What programs read of a system to start, to print dates and names, and to measure. */
const READ_BY_ALL =
  /^\/(?:etc\/(?:ld\.so\.(?:cache|preload)|nsswitch\.conf|passwd|group|localtime|magic|mtab|mime\.types|inputrc|terminfo\/.*|locale\.alias)|(?:usr\/)?lib(?:32|64)?\/|usr\/share\/|sys\/(?:fs\/cgroup|devices\/system|kernel\/mm)|proc\/(?:\d+|self)\/(?:stat|status|mountinfo|mounts|maps|cgroup|fd)|proc\/(?:filesystems|meminfo|uptime|loadavg|stat|cpuinfo|mounts|sys\/kernel\/.*)|dev\/(?:null|tty|urandom)$|run\/(?:nscd|utmp))/;

const READ_BY_SYSTEMS = /^\/(?:usr\/)?bin\//;

/** The effects that strace's lines tell of. Attempts count as much as what succeeded. */
export function effectsIn(trace: string, world: World, records: string): string[] {
  return trace.split("\n").flatMap((line) => {
    const [, process = "", call = "", rest = ""] =
      /^(\d+) +(?:<\.\.\. )?([a-z0-9_]+)[( ](.*)$/.exec(line) ?? [];
    // A writer whose reader has gone ends itself so.
    const endsItself = call === "tgkill" && rest.startsWith(`${process}, ${process}, SIGPIPE`);
    const effect = call === "" || endsItself ? undefined : judge(call, rest, world, records);
    return effect === undefined ? [] : [effect];
  });
}

function judge(call: string, rest: string, world: World, records: string): string | undefined {
  const line = `${call}(${rest}`;
  if (rest.startsWith("resumed>")) {
    // The call's beginning was judged; what it opened is told only now.
    return !call.startsWith("open") || opensAllowed(rest, world, records) ? undefined : line;
  }
  if (call.startsWith("exec")) return execAllowed(rest, world) ? undefined : line;
  if (/^(?:open|openat|openat2|creat)$/.test(call)) {
    const writes = call === "creat" || /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE/.test(rest);
    if (writes) return /"\/dev\/(?:null|tty)"/.test(rest) || rest.includes(`"${records}`) ? undefined : line;
    return opensAllowed(rest, world, records) ? undefined : line;
  }
  // The name service asks a cache that answers on a local socket, if there is one.
  if (call === "socket" && rest.startsWith("AF_UNIX")) return undefined;
  if (call === "connect" && rest.includes('sun_path="/var/run/nscd/socket"')) return undefined;
  return line;
}

function execAllowed(rest: string, { bin, shell }: World): boolean {
  const file = /^"([^"]*)"/.exec(rest)?.[1] ?? "";
  if (file === shell) return true;
  return file.startsWith(`${bin}/`) && PROGRAMS.has(basename(file));
}

/** What was opened for reading, by its real path, which strace shows behind the descriptor. Failures show none. */
function opensAllowed(rest: string, { workspace, bin, top }: World, records: string): boolean {
  const path = /= \d+<(.*)>$/.exec(rest)?.[1];
  if (path === undefined) return true;
  if (path.startsWith(records) || path.startsWith(`${bin}/`)) return true;
  if (path.includes(CANARY) || /\.env|server\.pem|\.git\/config/.test(path)) return false;
  if (path === workspace || path.startsWith(`${workspace}/`)) return true;
  if (path.startsWith(top)) return false;
  return READ_BY_ALL.test(path) || READ_BY_SYSTEMS.test(path);
}
