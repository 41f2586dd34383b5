import { execFileSync } from "node:child_process";
import { chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { confined, newFolder, USERS } from "../testing/confined.ts";
import { runCommand } from "../testing/run-command.ts";
import type { BubblewrapOptions } from "./bubblewrap.ts";
import { createUnconfinedSandbox } from "./unconfined.ts";

/** File systems of the host that are mounted so that they can be written, seen from inside. */
const WRITABLE_MOUNTS = `while read -r _ _ _ _ point options rest; do
  case ,$options, in *,rw,*) echo "$point \${rest#*- }";; esac
done < /proc/self/mountinfo`;

describe.each(USERS)("files, as $user", ({ identity }) => {
  const attempt = async (script: string, options: Partial<BubblewrapOptions> = {}, readOnly = false) => {
    const { sandbox, workspace } = await confined({ identity, ...options });
    return {
      workspace,
      ...(await runCommand(sandbox, ["bash", "-c", script], { cwd: workspace, readOnly })),
    };
  };
  /** Those of the host's file systems that a command can write to; the ones in memory are its own. */
  const writable = async (options: Partial<BubblewrapOptions> = {}, readOnly = false) => {
    const { stdout, workspace } = await attempt(WRITABLE_MOUNTS, options, readOnly);
    const own = /^(?:\/tmp|\/run|\/dev|\/dev\/\w+|.*\/\.(?:git|codex|agents)) (?:tmpfs|devtmpfs|devpts) /;
    const mounts = stdout
      .trim()
      .split("\n")
      .filter((line) => !own.test(line));
    return mounts.map((line) => line.split(" ")[0]).map((path) => (path === workspace ? "workspace" : path));
  };

  it("can be written in the workspace alone", async () => {
    expect(await writable()).toEqual(["workspace"]);
    const { workspace, exit } = await attempt("echo text > file && mkdir folder && mv file folder/");
    expect(exit.exitCode).toBe(0);
    expect(await readFile(join(workspace, "folder/file"), "utf8")).toBe("text\n");
  });

  it("cannot be written at all in the mode read-only, nor by a command that only reads", async () => {
    expect(await writable({ mode: "read-only" })).toEqual([]);
    expect(await writable({}, true)).toEqual([]);
    for (const result of [
      await attempt("touch file", { mode: "read-only" }),
      await attempt("touch file", {}, true),
    ]) {
      expect(result.exit.exitCode).toBe(1);
      expect(result.stderr).toContain("Read-only file system");
    }
  });

  it("are visible outside the workspace, and not changed", async () => {
    const outside = await newFolder(identity);
    const file = join("/var/tmp", `agentloop-${Math.random()}`);
    const { stdout, stderr } = await attempt(
      `head -1 /etc/passwd; touch ${file} ${outside}/x /etc/x; echo > /proc/self/comm`,
    );
    expect(stdout).toBe((await readFile("/etc/passwd", "utf8")).split("\n")[0] + "\n");
    expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect(stderr).toContain(`${outside}/x': No such file`);
  });

  it("in /tmp are the command's own and gone with it", async () => {
    const { sandbox, workspace } = await confined({ identity });
    const script = 'ls -A /tmp; [ "$HOME$TMPDIR" = /tmp/tmp ] && echo text > ~/file && cat /tmp/file';
    for (let round = 0; round < 2; round += 1) {
      const { stdout } = await runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
      expect(stdout).toBe(`${workspace.split("/")[2]}\ntext\n`);
    }
  });

  it("in a given temporary folder stay for the next command, which must be one that may write", async () => {
    const tempFolder = await newFolder(identity);
    const { sandbox, workspace } = await confined({ identity, tempFolder });
    const run = (script: string, readOnly: boolean) =>
      runCommand(sandbox, ["bash", "-c", script], { cwd: workspace, readOnly });
    await run("echo text > /tmp/file", false);
    expect((await run("cat /tmp/file", false)).stdout).toBe("text\n");
    expect((await run("cat /tmp/file", true)).stderr).toContain("No such file");
  });

  it("of a size beyond the limit do not fit in /tmp", async () => {
    const limits = { tempBytes: 1 << 20 };
    const { stderr } = await attempt("head -c 2000000 /dev/zero > /tmp/file", { limits });
    expect(stderr).toContain("No space left on device");
  });

  it("that are hidden cannot be read, by any name", async () => {
    const workspace = await newFolder(identity);
    const secrets = join(workspace, "keys");
    await mkdir(secrets);
    await writeFile(join(workspace, ".env"), "KEY=secret-1");
    await writeFile(join(secrets, "key"), "secret-2");
    await symlink(".env", join(workspace, "link"));
    const elsewhere = join(await newFolder(identity), "key.pem");
    await writeFile(elsewhere, "secret-3");
    if (identity !== undefined) await chown(secrets, identity.uid, identity.gid);

    const script = `cat .env link keys/key ${elsewhere} /proc/self/root${workspace}/.env;
      ls keys; chmod 777 .env keys; mv keys moved; cat moved/key; mv .env moved.env; ln .env hard; cat hard
      grep -rs secret- . ${workspace}; grep -s secret- /proc/self/cwd/.env`;
    const hiddenPaths = [join(workspace, ".env"), secrets, elsewhere, join(workspace, "no-such-file")];
    const hidden = await attempt(script, { workspace, hiddenPaths });
    expect(hidden.stdout).not.toContain("secret-");
    expect(hidden.stderr).toContain(".env: Permission denied");
    expect(await readFile(join(workspace, ".env"), "utf8")).toBe("KEY=secret-1");
    // The attack is real: where nothing is hidden it succeeds.
    expect((await attempt(script, { workspace })).stdout).toContain("secret-1");
  });

  it("of a workspace inside a hidden folder are there", async () => {
    const folder = await newFolder(identity, "/var/tmp");
    const workspace = join(folder, "workspace");
    await mkdir(workspace);
    await writeFile(join(folder, "key"), "secret");
    await writeFile(join(workspace, "file"), "");
    if (identity !== undefined) await chown(workspace, identity.uid, identity.gid);
    for (const readOnly of [true, false]) {
      const { stdout } = await attempt("ls . ..", { workspace, hiddenPaths: [folder] }, readOnly);
      expect(stdout).toBe(".:\nfile\n\n..:\nworkspace\n");
    }
  });

  it("that are hidden deep in the workspace stay where they are", async () => {
    const workspace = await newFolder(identity);
    const key = join(workspace, "a/b/key");
    await mkdir(join(workspace, "a/b"), { recursive: true });
    await writeFile(key, "secret");
    if (identity !== undefined) execFileSync("chown", ["-R", `${identity.uid}`, workspace]);
    const script = "mv -T a moved; mv -T a/b moved; rm -rf a; touch a/b/file";
    await attempt(script, { workspace, hiddenPaths: [key] });
    expect(await readFile(key, "utf8")).toBe("secret");
    expect(await readdir(join(workspace, "a/b"))).toEqual(["file", "key"]);
  });

  it("that are devices of the host cannot be opened", async () => {
    const { stdout } = await attempt("ls /dev; cat /dev/null; head -c 4 /dev/urandom | wc -c");
    const devices = stdout.trim().split("\n");
    expect(devices.pop()).toBe("4");
    const harmless =
      "console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split(" ");
    expect(devices.filter((device) => !harmless.includes(device))).toEqual([]);
  });

  it("in /run are not there: sockets and pipes of services", async () => {
    const { stdout } = await attempt("ls -A /run");
    expect(stdout).toBe("");
  });

  it("are changed by the attack without a sandbox", async () => {
    const outside = await newFolder();
    const sandbox = createUnconfinedSandbox();
    await runCommand(sandbox, ["touch", join(outside, "x")], { cwd: await newFolder() });
    expect(await readFile(join(outside, "x"), "utf8")).toBe("");
  });
});
