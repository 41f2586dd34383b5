import { mkdtemp, realpath, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { SandboxMode } from "../contract/message.ts";
import type { Sandbox } from "../contract/sandbox.ts";
import { INSTALL_BUBBLEWRAP, namespaceAdvice, readNamespaceFacts, WITHOUT_SANDBOX } from "./advice.ts";
import { createBubblewrapSandbox, SandboxSetupError } from "./bubblewrap.ts";
import { DEFAULT_PATH, type Environment } from "./environment.ts";
import type { Identity } from "./exec.ts";
import type { Limits } from "./limits.ts";
import { bubblewrapVersion, findProgram } from "./programs.ts";
import { createSeatbeltSandbox } from "./seatbelt.ts";
import { ARCHITECTURES } from "./syscalls.ts";
import { createUnconfinedSandbox } from "./unconfined.ts";
import { commandIdentity, reachableBy } from "./user.ts";

export interface PickOptions {
  mode: SandboxMode;
  workspace: string;
  /** What commands may not read: the loaded .env, the session store, key files. What does not exist is hidden when it does. */
  hiddenPaths: readonly string[];
  /** What commands may read and not change, nor make where it is missing. */
  readOnlyPaths?: readonly string[];
  network: boolean;
  /** Name or number of the user that commands run as. */
  user?: string | undefined;
  /** The commands' temporary folder, kept from one to the next. Without it each has a fresh one (on macOS: all share one). */
  tempDir?: string | undefined;
  /** Go on without a sandbox where none can be had. For commands that are known beforehand. */
  allowUnconfined?: boolean;
  /** The server's own environment; the allowed part of it reaches the commands. */
  environment?: Environment;
  limits?: Partial<Limits>;
}

export interface PickedSandbox {
  sandbox: Sandbox;
  /** For people, e.g. `workspace-write (bubblewrap, no network)`. */
  description: string;
  /** Who commands run as, where that is not the server's user. Patches are to be written as this user too. */
  identity: Identity | undefined;
  /** What the operator must be told at start. */
  warnings: string[];
}

/** What is settled before a sandbox is made. */
interface Settled extends Omit<PickOptions, "mode"> {
  environment: Environment;
  identity: Identity | undefined;
}

/**
 * Makes the sandbox for a workspace and runs a command in it. Throws an Error that says what to install or set when
 * that fails: commands never run with less protection than was asked for, unless `allowUnconfined`.
 */
export async function pickSandbox(options: PickOptions): Promise<PickedSandbox> {
  const workspace = await existingFolder(options.workspace);
  const identity = options.user === undefined ? undefined : await commandIdentity(options.user, workspace);
  const hiddenPaths = await reachablePaths(options.hiddenPaths, identity);
  const readOnlyPaths = await reachablePaths(options.readOnlyPaths ?? [], identity);
  const environment = environmentFor(identity, options.environment ?? {});
  const settled: Settled = { ...options, workspace, identity, hiddenPaths, readOnlyPaths, environment };
  const warnings = warningsAbout(options, identity);

  if (options.mode === "danger-full-access") return unconfined(settled, warnings);
  try {
    const { sandbox, kind } = await createConfined({ ...settled, mode: options.mode });
    await probe(sandbox, workspace);
    const description = `${options.mode} (${kind}, ${options.network ? "with" : "no"} network)`;
    return { sandbox, description, identity, warnings };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (options.allowUnconfined !== true) throw new Error(`${reason}\n${WITHOUT_SANDBOX}`, { cause: error });
    return unconfined(settled, [...warnings, reason]);
  }
}

function unconfined(settled: Settled, warnings: readonly string[]): PickedSandbox {
  const { identity } = settled;
  const user = identity?.uid ?? process.getuid?.() ?? "of the server";
  return {
    sandbox: createUnconfinedSandbox(settled),
    description: "danger-full-access (no sandbox)",
    identity,
    warnings: [...warnings, `NO SANDBOX: commands may do whatever user ${user} may do on this machine.`],
  };
}

type ConfinedOptions = Settled & { mode: "read-only" | "workspace-write" };

async function createConfined(options: ConfinedOptions): Promise<{ sandbox: Sandbox; kind: string }> {
  const tempFolder = options.tempDir === undefined ? undefined : await existingFolder(options.tempDir);
  if (process.platform === "darwin") {
    const folder = tempFolder ?? (await realpath(await mkdtemp(join(tmpdir(), "agentloop-"))));
    return { sandbox: createSeatbeltSandbox({ ...options, tempFolder: folder }), kind: "sandbox-exec" };
  }
  const architecture = ARCHITECTURES.find((each) => each === process.arch);
  if (process.platform !== "linux" || architecture === undefined) {
    throw new Error(`There is no sandbox for ${process.platform} on ${process.arch}.`);
  }
  const program = await findBubblewrap(options);
  return {
    sandbox: createBubblewrapSandbox({ ...options, program, architecture, tempFolder }),
    kind: "bubblewrap",
  };
}

async function findBubblewrap({ environment, workspace }: ConfinedOptions): Promise<string> {
  const program = await findProgram("bwrap", environment["PATH"] ?? DEFAULT_PATH, workspace);
  if (program === undefined) throw new Error(`The sandbox needs bubblewrap (bwrap). ${INSTALL_BUBBLEWRAP}`);
  const [major, minor] = await bubblewrapVersion(program);
  if (major > 0 || minor >= 8) return program;
  throw new Error(`${program} is bubblewrap ${major}.${minor}, which is too old. ${INSTALL_BUBBLEWRAP}`);
}

/** Runs a real command: only that shows that a sandbox works. */
async function probe(sandbox: Sandbox, workspace: string): Promise<void> {
  const command = { argv: ["/bin/sh", "-c", "echo ready"] as const, cwd: workspace, timeoutMs: 10_000 };
  let text = "";
  try {
    for await (const event of sandbox.run(command, new AbortController().signal)) {
      if (event.type === "output") text += Buffer.from(event.data).toString();
      else if (event.exitCode !== 0 || text !== "ready\n") {
        throw new SandboxSetupError(text || `a command ended with ${event.exitCode ?? event.signal}`);
      }
    }
  } catch (error) {
    if (!(error instanceof SandboxSetupError)) throw error;
    const advice = namespaceAdvice(error.complaint, readNamespaceFacts());
    throw new Error(`${error.message}\n${advice}`.trim(), { cause: error });
  }
}

function warningsAbout({ mode, network, user }: PickOptions, identity: Identity | undefined): string[] {
  const warnings: string[] = [];
  if (process.getuid?.() === 0 && identity === undefined) {
    warnings.push(
      `The server runs as root, and so do its commands${user === undefined ? "" : ` (SANDBOX_USER=${user})`}: they can ` +
        "read every file of this machine, and the number of their processes is not limited. Set SANDBOX_USER to the " +
        "user that owns the workspace.",
    );
  }
  if (network && mode !== "danger-full-access") {
    warnings.push(
      "SANDBOX_NETWORK=on: commands can reach the network, and with it send away what they can read.",
    );
  }
  return warnings;
}

/** The server's name and home are not those of another user. */
function environmentFor(identity: Identity | undefined, environment: Environment): Environment {
  if (identity === undefined) return environment;
  return { ...environment, USER: undefined, LOGNAME: undefined, SHELL: undefined, HOME: undefined };
}

async function existingFolder(path: string): Promise<string> {
  const resolved = await realpath(path).catch(() => undefined);
  if (resolved === undefined || resolved === "/" || !(await stat(resolved)).isDirectory()) {
    throw new Error(`Expected an existing folder that is not the root of the machine, got ${path}`);
  }
  return resolved;
}

async function reachablePaths(paths: readonly string[], identity: Identity | undefined): Promise<string[]> {
  const absolute = paths.map((path) => resolve(path));
  return identity === undefined ? absolute : reachableBy(identity, absolute);
}
