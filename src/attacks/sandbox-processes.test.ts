import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import type { SandboxMode } from "../contract/message.ts";
import { pickSandbox } from "../sandboxes/pick.ts";
import { IS_ROOT, newFolder, NOBODY } from "../testing/confined.ts";
import { processesWith, runCommand, until } from "../testing/run-command.ts";
import { ARCHITECTURES, REFUSED_SYSCALLS } from "../sandboxes/syscalls.ts";
import { attacks } from "./attack.suite.ts";
import {
  carelessSandbox,
  exists,
  type Ground,
  isTouched,
  layGround,
  SANDBOX_SIDES,
  SECRET,
} from "./ground.ts";

const ARCHITECTURE = ARCHITECTURES.find((each) => each === process.arch) ?? "x64";

/** The number of a system call that exists on all architectures. */
function numberOf(name: string): number {
  const numbers = REFUSED_SYSCALLS[name];
  if (numbers === undefined || !("arm64" in numbers)) throw new Error(`no number is known for ${name}`);
  return numbers[ARCHITECTURE];
}

interface Victim extends Ground {
  /** A program of the same user that holds the secret in its environment, and as an argument. */
  process: ChildProcess;
  /** What it writes to. */
  output: string;
}

/** Beside the ground: another program of the server's user. */
async function withVictim(ground: Promise<Ground>): Promise<Victim> {
  const laid = await ground;
  const output = join(laid.outside, "output");
  const file = openSync(output, "w");
  const process = spawn("sh", ["-c", "sleep 1000; :", SECRET], {
    env: { KEY: SECRET },
    stdio: ["ignore", file, "ignore"],
    detached: true,
  });
  closeSync(file);
  await once(process, "spawn");
  onTestFinished(() => killGroup(process));
  return { ...laid, process, output };
}

function killGroup({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It was the attack's victim.
  }
}

describe("a command that reaches for another program", () => {
  const sides = {
    protected: () => withVictim(SANDBOX_SIDES.protected()),
    unprotected: () => withVictim(SANDBOX_SIDES.unprotected()),
  };
  attacks<Victim>(sides, {
    "reads its environment": ({ reveals, process: { pid } }) => reveals(`cat /proc/${pid}/environ`),
    "reads its arguments": ({ reveals }) => reveals("cat /proc/[0-9]*/cmdline"),
    "reads hidden files by its root": ({ reveals, process: { pid }, workspace }) =>
      reveals(`cat /proc/${pid}/root${workspace}/.env`),
    "writes into a file that it has open": async ({ shell, process: { pid }, output }) => {
      await shell(`echo forged > /proc/${pid}/fd/1`);
      return isTouched(output, "");
    },
    "kills it": async ({ shell, process: { pid } }) =>
      (await shell(`kill -9 ${pid} && echo killed`)).stdout === "killed\n",
    "traces it": async ({ shell, process: { pid } }) => {
      const [seize, detach] = [0x4206, 17];
      const script = `$x = syscall(${numberOf("ptrace")}, ${seize}, ${pid}, 0, 0); print "traced" if $x == 0;
        syscall(${numberOf("ptrace")}, ${detach}, ${pid}, 0, 0)`;
      return (await shell(`perl -e '${script}'`)).stdout === "traced";
    },
    "reads the memory that it shares": async ({ reveals }) => {
      const key = shareMemory(SECRET);
      return reveals(`perl -e '$id = shmget(${key}, 0, 0); shmread($id, $text, 0, 100); print $text'`);
    },
  });
});

/** The key of a piece of shared memory that holds a text, until the test has ended. */
function shareMemory(text: string): number {
  const key = 1 + Math.floor(Math.random() * 2 ** 30);
  const make = `$id = shmget(${key}, 100, 01600) // die $!; shmwrite($id, "${text}", 0, 100)`;
  execFileSync("perl", ["-e", make]);
  onTestFinished(() => void execFileSync("perl", ["-e", `shmctl(shmget(${key}, 0, 0), 0, 0)`]));
  return key;
}

describe("a command that wants to live on", () => {
  /** A daemon that has left its parent, its group, its session and its environment. */
  const daemon = (word: string) =>
    `env -i "$(command -v setsid)" --fork sh -c 'echo up > started; exec sleep ${word}' > /dev/null 2>&1 < /dev/null
    until [ -s started ]; do sleep 0.01; done`;
  const secondsOfItsOwn = () => `${1_000_000 + Math.floor(Math.random() * 1e9)}`;
  const livesOn = async (word: string) => {
    const found = await processesWith(word);
    for (const line of found) process.kill(parseInt(line), "SIGKILL");
    return found.length > 0;
  };

  attacks<Ground>(SANDBOX_SIDES, {
    "leaves a daemon behind when it ends": async ({ shell }) => {
      const word = secondsOfItsOwn();
      await shell(daemon(word));
      return livesOn(word);
    },
    "leaves a daemon behind when it is cancelled": async ({ shell }) => {
      const word = secondsOfItsOwn();
      const abort = new AbortController();
      const script = `${daemon(word)}; echo up; sleep 1000`;
      await shell(script, { signal: abort.signal, onOutput: () => abort.abort() });
      return livesOn(word);
    },
    "leaves a daemon behind when its time is over": async ({ shell, workspace }) => {
      const word = secondsOfItsOwn();
      await shell(`${daemon(word)}; sleep 1000`, { timeoutMs: 1500 });
      // On a machine under load it may not even have begun.
      await until(async () => !(await isTouched(join(workspace, "started"), "up\n")));
      return livesOn(word);
    },
  });
});

describe("a command that takes more than its share", () => {
  attacks<Ground>(
    {
      protected: () => layGround({ limits: { memoryBytes: 64 << 20, outputBytes: 1 << 20 } }),
      unprotected: () => layGround({ mode: "danger-full-access" }),
    },
    {
      "of memory": async ({ shell }) =>
        (await shell(`perl -e '$x = "x" x (96 << 20); print "got it"'`)).stdout === "got it",
      "of what the server must read": async ({ shell }) =>
        (await shell("head -c 3000000 /dev/zero")).stdout.length === 3_000_000,
    },
  );
  /** The kernel does not count root's processes. */
  const ofAPlainUser = async (mode: SandboxMode): Promise<Pick<Ground, "shell">> => {
    const workspace = await newFolder(IS_ROOT ? NOBODY : undefined, "/var/tmp");
    const user = IS_ROOT ? "nobody" : undefined;
    const { sandbox } = await pickSandbox({
      mode,
      workspace,
      user,
      limits: { processes: 30 },
      hiddenPaths: [],
      network: false,
    });
    return { shell: (script) => runCommand(sandbox, ["bash", "-c", script], { cwd: workspace }) };
  };
  attacks<Pick<Ground, "shell">>(
    {
      protected: () => ofAPlainUser("workspace-write"),
      unprotected: () => ofAPlainUser("danger-full-access"),
    },
    {
      "of processes": async ({ shell }) => {
        const fork = "$pid = fork; last unless defined $pid; if (!$pid) { sleep 60; exit } $n++";
        return (await shell(`perl -e 'for (1..60) { ${fork} } print $n'`)).stdout === "60";
      },
    },
  );
});

describe("a command that looks at what the server was started with", () => {
  const planted = async (sandbox: "real" | "careless") => {
    const folder = await newFolder(undefined, "/var/tmp");
    await writeFile(join(folder, ".bashrc"), `echo ${SECRET}`);
    const environment = {
      PATH: `bin:${process.env["PATH"]}`,
      OPENAI_API_KEY: SECRET,
      BASH_ENV: join(folder, ".bashrc"),
      HOME: folder,
      GIT_CONFIG_PARAMETERS: `'alias.show-it=!echo ${SECRET}'`,
    };
    return layGround({ environment }, sandbox === "careless" ? carelessSandbox(environment) : undefined);
  };
  attacks<Ground>(
    { protected: () => planted("real"), unprotected: () => planted("careless") },
    {
      "prints the keys in its environment": ({ reveals }) => reveals("printenv OPENAI_API_KEY"),
      "reads them from /proc": ({ reveals }) => reveals("tr '\\0' '\\n' < /proc/self/environ | grep KEY"),
      "reads them from the program that bounds it": ({ reveals }) =>
        reveals("cat /proc/1/environ /proc/$PPID/environ | tr '\\0' '\\n' | grep KEY; echo $OPENAI_API_KEY"),
      "runs a script before its first line, by BASH_ENV": ({ reveals }) => reveals("true"),
      "finds a program of the workspace in the place of a harmless one": async ({ reveals, workspace }) => {
        await mkdir(join(workspace, "bin"));
        await writeFile(join(workspace, "bin/ls"), `#!/bin/sh\necho ${SECRET}\n`, { mode: 0o755 });
        return reveals("ls");
      },
      "has another program run one by a variable": ({ reveals }) => reveals("git show-it"),
    },
  );
});

interface Server {
  /** What a command of a server prints that has a file open as descriptor 40. */
  readonly run: (script: string) => Promise<string>;
}

describe("a command of a server with an open file", () => {
  const start = async (program: "real" | "careless"): Promise<Server> => {
    const folder = await newFolder();
    const [secret, workspace] = [join(folder, "secret"), join(folder, "workspace")];
    await writeFile(secret, SECRET);
    await mkdir(workspace);
    const child = join(import.meta.dirname, "../testing/run-confined.ts");
    const server = program === "real" ? `exec ${process.execPath} ${child} ${workspace}` : "cat <&40";
    return { run: async () => execFileSync("bash", ["-c", `exec 40<${secret}; ${server}`]).toString() };
  };
  attacks<Server>(
    { protected: () => start("real"), unprotected: () => start("careless") },
    { "reads it by the number": async ({ run }) => (await run("cat <&40")).includes(SECRET) },
  );
});

describe("a program named bwrap that lies in the workspace", () => {
  interface Planted {
    /** Starts bubblewrap, with the workspace's programs before all others. */
    readonly start: () => Promise<unknown>;
    /** What the planted program leaves when it is run. */
    trace: string;
  }
  const plant = async () => {
    const { workspace, outside } = await SANDBOX_SIDES.protected();
    const trace = join(outside, "trace");
    await mkdir(join(workspace, "bin"));
    await writeFile(join(workspace, "bin/bwrap"), `#!/bin/sh\necho > ${trace}\n`, { mode: 0o755 });
    return { workspace, trace, environment: { PATH: `${workspace}/bin:${process.env["PATH"]}` } };
  };
  attacks<Planted>(
    {
      protected: async () => {
        const { trace, ...planted } = await plant();
        return { trace, start: () => layGround(planted) };
      },
      unprotected: async () => {
        const { trace, environment } = await plant();
        return { trace, start: async () => execFileSync("bwrap", { env: environment }) };
      },
    },
    {
      "is taken for bubblewrap": async ({ start, trace }) => {
        await start();
        return exists(trace);
      },
    },
  );
});
