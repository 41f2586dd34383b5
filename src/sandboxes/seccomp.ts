import { and, answer, assemble, ifEqual, ifNotLess, load, unlessEqual, type Instruction } from "./bpf.ts";
import { JUDGED_SYSCALLS, MODE_SYSCALLS, REFUSED_SYSCALLS, type Architecture } from "./syscalls.ts";

// linux/seccomp.h
const KILL = answer(0x8000_0000);
const ALLOW = answer(0x7fff_0000);
const fail = (errno: number) => answer(0x0005_0000 | errno);
const EPERM = fail(1);
const ENOSYS = fail(38);

// struct seccomp_data
const NUMBER = load(0);
const ARCHITECTURE = load(4);
/** The low half of an argument: all that the kernel reads of those judged here. */
const argument = (index: number) => load(16 + 8 * index);

// linux/audit.h
const AUDIT_ARCHITECTURES: Record<Architecture, number> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** x86-64 has a second table of calls under this bit. */
const X32 = 0x4000_0000;

// bits/socket.h
const UNIX = 1;
const INET = 2;
const INET6 = 10;
const NETLINK = 16;
const NETLINK_ROUTE = 0;
const STREAM = 1;
const SEQPACKET = 5;
const SOCKET_TYPE = 0xf;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: linux/sched.h. */
const NEW_NAMESPACE = 0x7e02_0000;

/** linux/stat.h */
const SET_USER_ID = 0o4000;

/**
 * The filter that commands run under, as bytes for bubblewrap's `--seccomp`. Sockets are internet ones, and netlink for
 * asking about interfaces: a Unix socket reaches a container engine, a key agent or the session bus through any
 * namespace. No file becomes a program that runs as the server's user, whoever starts it: a file that is made so at once
 * loses the bit with its first byte. Refused calls fail with EPERM, calls of another architecture kill.
 */
export function seccompFilter(architecture: Architecture): Uint8Array {
  const judged = (name: keyof typeof JUDGED_SYSCALLS, rule: Instruction[]) =>
    ifEqual(JUDGED_SYSCALLS[name][architecture], rule);
  return assemble([
    ARCHITECTURE,
    ...unlessEqual(AUDIT_ARCHITECTURES[architecture], [KILL]),
    NUMBER,
    ...ifNotLess(X32, [KILL]),
    ...judged("socket", SOCKET),
    ...judged("socketpair", SOCKETPAIR),
    ...judged("clone", CLONE),
    // Its flags are out of the filter's sight. "No such call" makes the C library fall back to clone.
    ...judged("clone3", [ENOSYS]),
    ...Object.values(MODE_SYSCALLS).flatMap(({ numbers, mode }) =>
      numbersOn(architecture, numbers).flatMap((number) => ifEqual(number, modeAt(mode))),
    ),
    ...refusedNumbers(architecture).flatMap((number) => ifEqual(number, [EPERM])),
    ALLOW,
  ]);
}

const SOCKET: Instruction[] = [
  argument(0),
  ...ifEqual(INET, [ALLOW]),
  ...ifEqual(INET6, [ALLOW]),
  ...unlessEqual(NETLINK, [EPERM]),
  argument(2),
  ...ifEqual(NETLINK_ROUTE, [ALLOW]),
  EPERM,
];

/** A connected pair is harmless unless it is of datagrams: those can be sent to any address. */
const SOCKETPAIR: Instruction[] = [
  argument(0),
  ...unlessEqual(UNIX, [EPERM]),
  argument(1),
  and(SOCKET_TYPE),
  ...ifEqual(STREAM, [ALLOW]),
  ...ifEqual(SEQPACKET, [ALLOW]),
  EPERM,
];

const CLONE: Instruction[] = [argument(0), and(NEW_NAMESPACE), ...ifEqual(0, [ALLOW]), EPERM];

const modeAt = (index: number): Instruction[] => [
  argument(index),
  and(SET_USER_ID),
  ...ifEqual(0, [ALLOW]),
  EPERM,
];

const refusedNumbers = (architecture: Architecture): number[] =>
  Object.values(REFUSED_SYSCALLS).flatMap((numbers) => numbersOn(architecture, numbers));

function numbersOn(architecture: Architecture, numbers: { x64: number; arm64?: number }): number[] {
  const number = numbers[architecture];
  return number === undefined ? [] : [number];
}
