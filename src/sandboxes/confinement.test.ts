import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "../contract/sandbox.ts";
import { confined, IS_ROOT, newFolder, NOBODY, USERS } from "../testing/confined.ts";
import { processesWith, runCommand, until } from "../testing/run-command.ts";
import type { BubblewrapOptions } from "./bubblewrap.ts";
import { createUnconfinedSandbox } from "./unconfined.ts";

const attemptIn = async ({ sandbox, workspace }: { sandbox: Sandbox; workspace: string }, script: string) =>
  runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });

const unconfined = async () => ({ sandbox: createUnconfinedSandbox(), workspace: await newFolder() });

describe.each(USERS)("a command's surroundings, as $user", ({ identity }) => {
  const attempt = async (script: string, options: Partial<BubblewrapOptions> = {}) =>
    attemptIn(await confined({ identity, ...options }), script);

  it("show no other process, so no environment with a key", async () => {
    const secret = `sk-${Math.random()}`;
    const other = spawn("sleep", ["60"], { env: { KEY: secret }, ...identity });
    const script = `ls /proc | grep -c '^[0-9]'; grep -ls ${secret} /proc/[0-9]*/environ | grep -v self | head -1`;
    try {
      const inside = await attempt(script, { environment: { KEY: secret, PATH: "/usr/bin:/bin" } });
      expect(inside.stdout.split("\n").slice(1)).toEqual([""]);
      expect(Number(inside.stdout.split("\n")[0])).toBeLessThan(8);
      expect((await attemptIn(await unconfined(), script)).stdout).toContain(`/proc/${other.pid}/environ`);
    } finally {
      other.kill();
    }
  });

  it("give it no capability, no new rights, and a filter", async () => {
    const { stdout } = await attempt("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
    const facts = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(":\t")),
    );
    const none = "0".repeat(16);
    const capabilities = { CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none };
    expect(facts).toEqual({ ...capabilities, NoNewPrivs: "1", Seccomp: "2" });
  });

  it("keep it from kernel settings", async () => {
    // Writes back what is there.
    const script = `for file in /proc/sys/kernel/printk /proc/sys/vm/swappiness; do cat $file > $file; done
      for file in /proc/sysrq-trigger /proc/irq /proc/bus /proc/mtrr /proc/sys /sys /sys/fs/cgroup; do
        [ -e $file ] && { : >> $file || mkdir $file/x; } && echo $file; done; true`;
    const { stdout, stderr } = await attempt(script);
    expect(stdout).toBe("");
    expect(stderr.match(/printk: (Read-only file system|Permission denied)/)).not.toBeNull();
  });

  it("have no terminal and no descriptor but the three", async () => {
    const { stdout } = await attempt("ls /proc/self/fd; : < /dev/tty || echo no terminal");
    // The fourth is the one that `ls` reads the folder by.
    expect(stdout).toBe("0\n1\n2\n3\nno terminal\n");
  });

  it("have no network unless it is opened", async () => {
    const server = createServer((socket) => socket.end("hello\n"));
    const port = await listening(server, 0);
    const script = `exec 5<>/dev/tcp/127.0.0.1/${port} && cat <&5`;
    expect((await attempt(script)).stderr).toContain("Connection refused");
    expect((await attempt(script, { network: true })).stdout).toBe("hello\n");
    server.close();
  });

  it("hold each process to its memory", async () => {
    const script = `perl -e '$x = "x" x (300 << 20); print length $x'`;
    const small = await attempt(script, { limits: { memoryBytes: 200 << 20 } });
    expect(small.stdout).toBe("");
    expect(small.exit.exitCode).not.toBe(0);
    expect((await attempt(script, { limits: { memoryBytes: 1 << 30 } })).stdout).toBe(`${300 << 20}`);
  });

  it("leave no core dump", async () => {
    expect((await attempt("ulimit -c")).stdout).toBe("0\n");
  });
});

describe.runIf(IS_ROOT)("root without a sandbox", () => {
  it("changes kernel settings", async () => {
    const file = "/proc/sys/vm/swappiness";
    const { exit } = await attemptIn(await unconfined(), `cat ${file} > ${file}`);
    expect(exit.exitCode).toBe(0);
  });
});

describe("the number of processes", () => {
  // The kernel does not count root's.
  it("of a plain user is limited for each command alone", async () => {
    const under = await confined({ identity: IS_ROOT ? NOBODY : undefined, limits: { processes: 40 } });
    const script = `perl -e 'while (1) { my $pid = fork; last unless defined $pid; if (!$pid) { sleep 60; exit } $n++ } print $n'`;
    const [one, other] = await Promise.all([attemptIn(under, script), attemptIn(under, script)]);
    for (const { stdout } of [one, other]) {
      expect(Number(stdout)).toBeGreaterThan(30);
      expect(Number(stdout)).toBeLessThan(40);
    }
  });
});

describe("Unix sockets of services", () => {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-test-"));
  const path = join(folder, "service.sock");
  const server = createServer((socket) => socket.end("service"));
  beforeAll(() => listening(server, path));
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const connect = [
    "use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die qq(socket: $!\\n);",
    `connect($s, sockaddr_un('${path}')) or die qq(connect: $!\\n); print <$s>`,
  ].join(" ");
  const script = `perl -e "${connect.replaceAll("$", "\\$")}"`;

  it("are reached without a sandbox", async () => {
    expect((await attemptIn(await unconfined(), script)).stdout).toBe("service");
  });

  it("are not reached from inside, not even where their file is and with the network open", async () => {
    const under = await confined({ network: true, tempFolder: folder });
    const found = await attemptIn(under, `ls /tmp; ${script.replace(path, "/tmp/service.sock")}`);
    expect(found.stdout).toContain("service.sock\n");
    expect(found.stderr).toBe("socket: Operation not permitted\n");
  });

  it("do not keep commands from pairs of sockets", async () => {
    const pair = "use Socket; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die $!; print 'pair'";
    expect(
      (await attemptIn(await confined(), `perl -e '${pair.replaceAll("'pair'", "qq(pair)")}'`)).stdout,
    ).toBe("pair");
  });
});

describe("an inherited descriptor", () => {
  it("reaches no command", async () => {
    const secret = join(await newFolder(), "secret");
    await writeFile(secret, "secret text");
    const child = join(import.meta.dirname, "../testing/run-confined.ts");
    // Node closes low ones by itself.
    const server = `exec 40<${secret} 7<${secret} 3<${secret}; exec ${process.execPath} ${child} ${await newFolder()}`;
    // Here it is inherited: a child of that server's would read it.
    expect(await outputOf(`exec 40<${secret}; cat <&40`)).toBe("secret text");
    expect(JSON.parse(await outputOf(server))).toEqual({
      bubblewrap: expect.stringMatching(/^0\n1\n2\n3\nbash: .*40: Bad file descriptor\n$/),
      unconfined: expect.not.stringContaining("secret"),
    });
  });
});

describe("a command whose server is killed", () => {
  it("dies with it", async () => {
    const seconds = `${1_000_000 + Math.floor(Math.random() * 1e9)}`;
    const program = join(import.meta.dirname, "../testing/hold-command.ts");
    const server = spawn(process.execPath, [program, await newFolder(), seconds], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(server.stdout, "data");
    expect(await processesWith(seconds)).not.toEqual([]);
    server.kill("SIGKILL");
    await until(async () => (await processesWith(seconds)).length === 0);
  });
});

async function outputOf(script: string): Promise<string> {
  const child = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  return Buffer.concat(await child.stdout.toArray()).toString();
}

function listening(server: Server, where: string | number): Promise<number> {
  return new Promise((resolve) => {
    const tell = () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    };
    if (typeof where === "string") server.listen(where, tell);
    else server.listen(where, "127.0.0.1", tell);
  });
}
