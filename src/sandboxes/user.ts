import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import type { Identity } from "./exec.ts";

const run = promisify(execFile);

/**
 * Who commands run as when a user is set. Undefined: the server's own user is that user already. Throws when there is no
 * such user, the server may not become it, or the workspace is not its own.
 */
export async function commandIdentity(user: string, workspace: string): Promise<Identity | undefined> {
  const identity = await lookUp(user);
  const own = process.getuid?.();
  if (own !== identity.uid && own !== 0) {
    throw new Error(
      `SANDBOX_USER=${user} can only be obeyed by a server that runs as root; this one has uid ${own}.`,
    );
  }
  const { uid } = await stat(workspace);
  if (uid !== identity.uid) {
    throw new Error(
      `SANDBOX_USER=${user} (uid ${identity.uid}) must own the workspace ${workspace}, whose owner is uid ${uid}. ` +
        `Change one of them, for instance: chown -R ${user} ${workspace}`,
    );
  }
  return own === identity.uid ? undefined : identity;
}

async function lookUp(user: string): Promise<Identity> {
  const [uid, gid] = await Promise.all([ask("-u", user), ask("-g", user)]);
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  // A number need not be in the table of users; its group then has the same number, as container images do it.
  if (/^\d{1,10}$/.test(user)) return { uid: Number(user), gid: Number(user) };
  throw new Error(`SANDBOX_USER=${user}: expected the name or number of a user, and there is no such one.`);
}

async function ask(option: "-u" | "-g", user: string): Promise<number | undefined> {
  const answer = await run("id", [option, "--", user]).catch(() => undefined);
  return answer === undefined ? undefined : Number(answer.stdout);
}

/**
 * Those of the absolute paths that a user can come near: they exist for that user, or could be made where the user
 * would see them. The others need no hiding, and could not be mounted over.
 */
export async function reachableBy(identity: Identity, paths: readonly string[]): Promise<string[]> {
  const { stdout } = await run("/bin/sh", ["-c", REACHABLE, "sh", ...paths], { ...identity, cwd: "/" });
  return stdout.split("\0").filter((path) => path !== "");
}

const REACHABLE = `for path; do
  near=$path
  until [ -e "$near" ]; do near=\${near%/*}; near=\${near:-/}; done
  if [ "$near" = "$path" ] || [ -x "$near" ]; then printf '%s\\0' "$path"; fi
done`;
