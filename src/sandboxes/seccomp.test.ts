import { constants, existsSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { confined } from "../testing/confined.ts";
import { runCommand } from "../testing/run-command.ts";
import { seccompFilter } from "./seccomp.ts";
import {
  ARCHITECTURES,
  JUDGED_SYSCALLS,
  MODE_SYSCALLS,
  REFUSED_SYSCALLS,
  type Architecture,
} from "./syscalls.ts";

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };

interface Call {
  architecture?: number;
  number: number;
  arguments?: readonly number[];
}

/** What the kernel would do: runs the bytes as linux/filter.h and linux/seccomp.h describe them. */
function verdict(filter: Uint8Array, call: Call): string {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.architecture ?? 0, true);
  for (const [index, value] of (call.arguments ?? []).entries()) {
    data.setBigUint64(16 + index * 8, BigInt(value), true);
  }
  let word = 0;
  for (let at = 0; at * 8 < program.byteLength; at += 1) {
    const operand = program.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean) => program.getUint8(at * 8 + (holds ? 2 : 3));
    const code = program.getUint16(at * 8, true);
    if (code === 0x20) word = data.getUint32(operand, true);
    else if (code === 0x54) word = (word & operand) >>> 0;
    else if (code === 0x15) at += jump(word === operand);
    else if (code === 0x35) at += jump(word >= operand);
    else if (code === 0x06) return NAMES[operand] ?? operand.toString(16);
    else throw new Error(`Unknown instruction ${code.toString(16)}`);
  }
  throw new Error("The program ran past its end.");
}

const NAMES: Record<number, string> = {
  0x8000_0000: "kill",
  0x7fff_0000: "allow",
  0x0005_0001: "EPERM",
  0x0005_0026: "ENOSYS",
};

const HARMLESS: Record<Architecture, Record<string, number>> = {
  x64: { read: 0, write: 1, openat: 257, execve: 59, fork: 57, connect: 42, kill: 62, futex: 202 },
  arm64: { read: 63, write: 64, openat: 56, execve: 221, connect: 203, kill: 129, futex: 98 },
};

describe.each(ARCHITECTURES)("the filter for %s", (architecture) => {
  const filter = seccompFilter(architecture);
  const judge = (number: number, ...values: number[]) =>
    verdict(filter, { architecture: AUDIT[architecture], number, arguments: values });
  const { socket, socketpair, clone, clone3 } = Object.fromEntries(
    Object.entries(JUDGED_SYSCALLS).map(([name, numbers]) => [name, numbers[architecture]]),
  ) as Record<keyof typeof JUDGED_SYSCALLS, number>;

  it("fits what the kernel takes", () => {
    expect(filter.length % 8).toBe(0);
    expect(filter.length / 8).toBeLessThan(4096);
  });

  it.each(Object.entries(HARMLESS[architecture]))("allows %s", (_, number) => {
    expect(judge(number)).toBe("allow");
  });

  it.each(Object.keys(REFUSED_SYSCALLS))("refuses %s", (name) => {
    const numbers = REFUSED_SYSCALLS[name];
    const number =
      numbers && (architecture === "x64" ? numbers.x64 : "arm64" in numbers ? numbers.arm64 : undefined);
    if (number !== undefined) expect(judge(number)).toBe("EPERM");
    else expect(["iopl", "ioperm"]).toContain(name);
  });

  it("allows internet sockets and questions about interfaces, and no others", () => {
    const allowed = Array.from({ length: 50 }, (_, family) => family).filter(
      (family) => judge(socket, family, 1, 0) === "allow",
    );
    expect(allowed).toEqual([2, 10, 16]);
    expect(judge(socket, 1, 1, 0)).toBe("EPERM");
    // NETLINK_NETFILTER
    expect(judge(socket, 16, 3, 12)).toBe("EPERM");
    // The kernel reads the low half of the argument only.
    expect(judge(socket, 2 ** 32 + 1, 1, 0)).toBe("EPERM");
  });

  it("allows pairs of connected sockets, and none of datagrams", () => {
    const CLOEXEC = 0o2000000;
    const verdicts = [1, 5, 1 | CLOEXEC, 2, 3, 2 | CLOEXEC].map((type) => judge(socketpair, 1, type, 0));
    expect(verdicts).toEqual(["allow", "allow", "allow", "EPERM", "EPERM", "EPERM"]);
    expect(judge(socketpair, 30, 1, 0)).toBe("EPERM");
  });

  it("allows threads and processes, and no namespaces", () => {
    const SIGCHLD = 17;
    const THREAD = 0x3d0f00;
    expect([judge(clone, SIGCHLD), judge(clone, THREAD)]).toEqual(["allow", "allow"]);
    for (const namespace of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(judge(clone, namespace | SIGCHLD)).toBe("EPERM");
    }
    expect(judge(clone3)).toBe("ENOSYS");
  });

  it("allows every mode of a file but those that make it run as its owner", () => {
    for (const { numbers, mode } of Object.values(MODE_SYSCALLS)) {
      const number = architecture === "x64" ? numbers.x64 : "arm64" in numbers ? numbers.arm64 : undefined;
      if (number === undefined) continue;
      const verdicts = [0o644, 0o2775, 0o1777, 0o4755, 0o4000].map((value) =>
        judge(number, ...Array<number>(mode).fill(0), value),
      );
      expect(verdicts).toEqual(["allow", "allow", "allow", "EPERM", "EPERM"]);
    }
  });

  it("kills calls of another architecture and of the x32 table", () => {
    const i386 = 0x40000003;
    expect(verdict(filter, { architecture: i386, number: 0 })).toBe("kill");
    expect(judge(0x4000_0000)).toBe("kill");
    expect(judge(0x4000_0000 + socket, 1, 1, 0)).toBe("kill");
  });
});

describe("the numbers of system calls", () => {
  const header = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
  const tables = {
    x64: header("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    arm64: header("/usr/include/asm-generic/unistd.h"),
  };

  it.each(ARCHITECTURES)("are those of the kernel's headers for %s, where there are any", (architecture) => {
    const modes = Object.entries(MODE_SYSCALLS).map(([name, { numbers }]) => [name, numbers] as const);
    const known = { ...REFUSED_SYSCALLS, ...JUDGED_SYSCALLS, ...Object.fromEntries(modes) };
    for (const [name, numbers] of Object.entries(known)) {
      const found = new RegExp(`^#define __NR_${name} (\\d+)$`, "m").exec(tables[architecture])?.[1];
      if (found === undefined || !(architecture in numbers)) continue;
      expect({ name, number: Object.entries(numbers).find(([each]) => each === architecture)?.[1] }).toEqual({
        name,
        number: Number(found),
      });
    }
  });
});

describe("the kernel with the filter", () => {
  const architecture = ARCHITECTURES.find((each) => each === process.arch) ?? "x64";

  it("refuses all of them, root or not", async () => {
    const numbers = Object.values(REFUSED_SYSCALLS).map((each) =>
      "arm64" in each ? each[architecture] : each.x64,
    );
    const { clone, clone3, socket, socketpair } = JUDGED_SYSCALLS;
    const script = [
      `for my $number (${numbers.join(",")}) { $! = 0; syscall($number, -1, 0, 0, 0, 0, 0); print $number, ' ' if $! != 1; }`,
      `$! = 0; syscall(${clone[architecture]}, 0x10000011, 0, 0, 0, 0); print 'clone ' if $! != 1;`,
      `$! = 0; syscall(${clone3[architecture]}, 0, 0); print 'clone3 ' if $! != 38;`,
      `$! = 0; syscall(${socket[architecture]}, 1, 1, 0); print 'socket ' if $! != 1;`,
      `$! = 0; syscall(${socketpair[architecture]}, 1, 2, 0, 0); print 'socketpair ' if $! != 1;`,
      "print 'done';",
    ].join("\n");
    const { sandbox, workspace } = await confined();
    const { stdout, stderr } = await runCommand(sandbox, ["perl", "-e", script], { cwd: workspace });
    expect({ stdout, stderr }).toEqual({ stdout: "done", stderr: "" });
  });

  it("lets programs of every kind run", async () => {
    const { sandbox, workspace } = await confined();
    const script = `const { Worker } = require("node:worker_threads"), { execFileSync } = require("node:child_process");
      new Worker("require('node:worker_threads').parentPort.postMessage(process.pid)", { eval: true }).on("message", () =>
        console.log(execFileSync("sh", ["-c", "echo child"]).toString(), Object.keys(require("node:os").networkInterfaces())));`;
    // This Node may lie in a folder that the sandbox does not show, such as /tmp.
    const node = join(workspace, "node");
    await copyFile(process.execPath, node, constants.COPYFILE_FICLONE);
    const { stdout, stderr } = await runCommand(sandbox, [node, "-e", script], { cwd: workspace });
    expect({ stdout: stdout.split("\n")[0], stderr }).toEqual({ stdout: "child", stderr: "" });
  });
});
