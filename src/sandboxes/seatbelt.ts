import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Command, ProcessEvent, Sandbox } from "../contract/sandbox.ts";
import { commandEnvironment, type Environment } from "./environment.ts";
import { execute, type Identity } from "./exec.ts";
import { DEFAULT_LIMITS, withinLimits, type Limits } from "./limits.ts";
import { foldersBetween, isInside } from "./protected-paths.ts";
import { exitThroughShell } from "./signals.ts";

export interface SeatbeltOptions {
  mode: "read-only" | "workspace-write";
  /** Absolute, links resolved. */
  workspace: string;
  /** Absolute paths of what commands cannot read. */
  hiddenPaths: readonly string[];
  /** Absolute paths of what commands cannot change, nor make where it is missing. */
  readOnlyPaths?: readonly string[];
  /** The commands' private temporary folder, which exists; links resolved. */
  tempFolder: string;
  network: boolean;
  identity?: Identity | undefined;
  environment?: Environment;
  limits?: Partial<Limits>;
}

/**
 * Runs commands under macOS' sandbox-exec. It has no namespaces: what a command leaves behind is found as
 * `createUnconfinedSandbox` says. Not run by our tests, which have no Mac; the profile's text is.
 */
export function createSeatbeltSandbox(options: SeatbeltOptions): Sandbox {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { tempFolder } = options;
  const env = commandEnvironment(
    options.environment ?? {},
    { HOME: tempFolder, TMPDIR: tempFolder },
    options.workspace,
  );

  async function* run(command: Command, signal: AbortSignal): AsyncGenerator<ProcessEvent, void, void> {
    const writable = options.mode === "workspace-write" && command.readOnly !== true;
    const hiddenPaths = options.hiddenPaths.map(withoutLinks);
    const profile = seatbeltProfile({ ...options, hiddenPaths }, writable);
    const events = execute(
      {
        file: "/usr/bin/sandbox-exec",
        args: ["-p", profile, ...withinLimits(command.argv, limits)],
        cwd: command.cwd,
        env,
        identity: options.identity,
        stdin: command.stdin,
        timeoutMs: command.timeoutMs,
        maxOutputBytes: limits.outputBytes,
      },
      signal,
    );
    for await (const event of events) yield event.type === "exit" ? exitThroughShell(event) : event;
  }
  return { mode: options.mode, run };
}

/** The rules are about paths without links. */
function withoutLinks(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Those that `protectedPaths` finds in a workspace with a repository of its own. */
const PROTECTED = ["hooks", "config", "config.worktree", "commondir"]
  .map((name) => `.git/${name}`)
  .concat(".codex", ".agents");

type ProfileFacts = Pick<
  SeatbeltOptions,
  "workspace" | "hiddenPaths" | "readOnlyPaths" | "tempFolder" | "network"
>;

/** A profile in Apple's sandbox language; of rules that fit, the last one holds. */
export function seatbeltProfile(facts: ProfileFacts, writable: boolean): string {
  const { workspace, tempFolder, hiddenPaths, readOnlyPaths = [], network } = facts;
  const protectedPaths = PROTECTED.map((path) => join(workspace, path)).concat(readOnlyPaths);
  const roots = writable ? [workspace, tempFolder] : [tempFolder];
  const git = join(workspace, ".git");
  const folders = readOnlyPaths
    .filter((path) => isInside(workspace, path))
    .flatMap((path) => foldersBetween(workspace, path));
  return [
    "(version 1)",
    "(allow default)",
    "(deny file-write*)",
    rule("allow file-write*", ["/dev/null", "/dev/zero", "/dev/tty", "/dev/dtracehelper"].map(literal)),
    rule("allow file-write*", roots.map(subpath)),
    rule("deny file-write*", protectedPaths.map(subpath)),
    // Moved away, .git could be made anew with other hooks, and so could the folders down to other places.
    rule("deny file-write-unlink", [git, ...folders].map(literal)),
    hiddenPaths.length > 0 ? rule("deny file-read* file-write*", hiddenPaths.map(subpath)) : "",
    "(deny network*)",
    network ? '(allow network* (local ip "*:*") (remote ip "*:*"))' : "",
    network ? rule("allow network-outbound", [literal("/private/var/run/mDNSResponder")]) : "",
    // Through other programs a command could do what it may not do itself.
    "(deny appleevent-send)",
    "(deny lsopen)",
    "(deny signal)",
    "(allow signal (target same-sandbox))",
    "(deny process-info*)",
    "(allow process-info* (target same-sandbox))",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

function rule(what: string, filters: readonly string[]): string {
  return `(${what} ${filters.join(" ")})`;
}

const literal = (path: string): string => `(literal ${quote(path)})`;
/** A file or a folder with all that is in it. */
const subpath = (path: string): string => `(subpath ${quote(path)})`;

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
