import { chown, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Sandbox } from "../contract/sandbox.ts";
import { createBubblewrapSandbox, type BubblewrapOptions } from "../sandboxes/bubblewrap.ts";
import type { Identity } from "../sandboxes/exec.ts";
import { findProgram } from "../sandboxes/programs.ts";
import { ARCHITECTURES } from "../sandboxes/syscalls.ts";

/** `nobody` of every Linux: a user without rights, for tests that run as root. */
export const NOBODY: Identity = { uid: 65534, gid: 65534 };

export const IS_ROOT = process.getuid?.() === 0;

/** A bubblewrap sandbox over a new workspace that its commands own. */
export async function confined(
  options: Partial<BubblewrapOptions> = {},
): Promise<{ sandbox: Sandbox; workspace: string }> {
  const workspace = options.workspace ?? (await newFolder(options.identity));
  const program = await findProgram("bwrap", "/usr/local/bin:/usr/bin:/bin", workspace);
  if (program === undefined) throw new Error("These tests need bubblewrap: apt-get install bubblewrap");
  const architecture = ARCHITECTURES.find((each) => each === process.arch);
  if (architecture === undefined) throw new Error(`There is no seccomp filter for ${process.arch}.`);
  const sandbox = createBubblewrapSandbox({
    program,
    architecture,
    workspace,
    mode: "workspace-write",
    hiddenPaths: [],
    network: false,
    ...options,
  });
  return { sandbox, workspace };
}

/** A folder that is removed when the test has ended. In /tmp it is behind the commands' own /tmp. */
export async function newFolder(owner?: Identity, parent = tmpdir()): Promise<string> {
  const folder = await realpath(await mkdtemp(join(parent, "agentloop-test-")));
  onTestFinished(() => rm(folder, { recursive: true }));
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  return folder;
}

/** Whom to try a sandbox as: only root can run commands as somebody else. */
export const USERS: readonly { user: string; identity: Identity | undefined }[] = [
  { user: "the server's user", identity: undefined },
  ...(IS_ROOT ? [{ user: "another user", identity: NOBODY }] : []),
];
