import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { effectsIn } from "./effects.ts";
import type { Vector } from "./mutate.ts";
import { CANARY, type World } from "./world.ts";

/** A command and what it did that a command that only reads does not. */
export interface Finding {
  command: Vector;
  effects: string[];
}

/** System calls that change something, start something, open something or reach for the network. */
const WATCHED =
  "execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,truncate,ftruncate,utime,utimes,utimensat,futimesat,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,mount,umount2,sethostname,setdomainname,settimeofday,clock_settime,adjtimex,clock_adjtime,kill,tkill,tgkill,ptrace,reboot,socket,connect,bind,sendto,sendmsg,bpf,io_uring_setup,swapon,chroot,pivot_root,setns,unshare"
    .split(",")
    .map((name) => `?${name}`)
    .join(",");

const RECORDER = "strace";
const SANDBOX = "bwrap";
const UNSHARED = ["--unshare-all", "--die-with-parent", "--new-session"];

/** Seconds in which a batch of commands is done, however many. */
const PATIENCE = 60;

/** Why commands cannot be recorded here; nothing when they can. */
export function whyNotHere(): string | undefined {
  const recorder = [RECORDER, "-f", "--seccomp-bpf", "-o", "/dev/null", "true"];
  const probe = spawnSync(SANDBOX, ["--ro-bind", "/", "/", "--dev", "/dev", ...UNSHARED, ...recorder], {
    encoding: "utf8",
  });
  if (probe.status === 0) return undefined;
  const complaint = probe.error?.message ?? probe.stderr.trim();
  return `this needs Linux with ${SANDBOX} and ${RECORDER} at work: ${complaint}`;
}

let batches = 0;

/**
 * Runs commands for real, one after the other, under strace, in namespaces where only the world's tree can be written
 * and there is no network; gives those with an effect. A batch with an effect is run again in halves.
 */
export async function record(commands: readonly Vector[], world: World): Promise<Finding[]> {
  const effects = await run(commands, world);
  if (effects.length === 0) return [];
  world.reset();
  const [only] = commands;
  if (commands.length === 1 && only !== undefined) return [{ command: only, effects }];
  const middle = Math.ceil(commands.length / 2);
  const findings = [
    ...(await record(commands.slice(0, middle), world)),
    ...(await record(commands.slice(middle), world)),
  ];
  if (findings.length > 0) return findings;
  return [{ command: [`${commands.length} commands together`], effects }];
}

async function run(commands: readonly Vector[], world: World): Promise<string[]> {
  const name = `batch-${(batches += 1)}`;
  const at = (suffix: string) => join(world.top, "records", `${name}${suffix}`);
  const outputs = commands.map((_, index) => at(`.out-${index}`));
  writeFileSync(at(".sh"), driver(commands, outputs, world));
  const before = world.snapshot();
  const ended = await spawnRecorded(at(".trace"), at(".sh"), world);
  const effects: string[] = [];
  if (!ended) effects.push(`does not end within ${PATIENCE} seconds`);
  if (world.snapshot() !== before) effects.push("changed the folder tree");
  if (existsSync(at(".trace"))) {
    effects.push(...effectsIn(readFileSync(at(".trace"), "utf8"), world, at(".")));
  } else effects.push("was not recorded");
  const shown = outputs.some((file) => existsSync(file) && readFileSync(file, "latin1").includes(CANARY));
  if (shown) effects.push("showed a secret or the name of a file outside the workspace");
  for (const file of readdirSync(join(world.top, "records"))) {
    if (file.startsWith(`${name}.`)) rmSync(join(world.top, "records", file));
  }
  return [...new Set(effects)];
}

/** As the shell tool runs them; a vector without a shell replaces a subshell, so that no builtin steps in. */
function driver(
  commands: readonly Vector[],
  outputs: readonly string[],
  { workspace, shell }: World,
): string {
  const lines = commands.map(([program, ...words], index) => {
    const isShell = program === "bash" || program === "sh";
    const vector = isShell ? [shell, "--noprofile", "--norc", "-c", words[1] ?? ""] : [program, ...words];
    return `(exec ${vector.map(inQuotes).join(" ")}) </dev/null >${inQuotes(outputs[index] ?? "")} 2>&1`;
  });
  // Output and computing without end are cut short.
  return ["ulimit -f 4096 -t 10", `cd ${inQuotes(workspace)} || exit 1`, ...lines, "exit 0", ""].join("\n");
}

const inQuotes = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function spawnRecorded(
  trace: string,
  script: string,
  { top, workspace, bin, shell }: World,
): Promise<boolean> {
  const bounds = ["--ro-bind", "/", "/", "--bind", top, top, "--dev", "/dev", "--proc", "/proc"];
  const strace = [
    RECORDER,
    "-f",
    "-qq",
    "-y",
    "-s",
    "300",
    "--seccomp-bpf",
    "-e",
    `trace=${WATCHED}`,
    "-o",
    trace,
  ];
  const environment = { PATH: bin, HOME: join(top, "home"), LANG: "C.UTF-8", TERM: "dumb" };
  const settings = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  return new Promise((resolve, reject) => {
    const child = spawn(
      SANDBOX,
      bounds.concat(
        [...UNSHARED, "--chdir", workspace],
        strace.concat("--env", "PWD", "--env", "OLDPWD", settings, shell, "--noprofile", "--norc", script),
      ),
      { stdio: ["ignore", "ignore", "inherit"], env: { PATH: process.env["PATH"] } },
    );
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE * 1000);
    child.once("error", reject);
    child.once("exit", (exitCode) => {
      clearTimeout(timer);
      resolve(exitCode === 0);
    });
  });
}
