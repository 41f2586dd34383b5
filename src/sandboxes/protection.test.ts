import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { confined, newFolder, USERS } from "../testing/confined.ts";
import { runCommand, until } from "../testing/run-command.ts";

const PLANT = `for place in .git/hooks .codex .agents; do mkdir -p $place; echo evil > $place/file; done
  echo evil > .git/config; git config core.hooksPath evil; git init`;

describe.each(USERS)("protected places, as $user", ({ identity }) => {
  const repository = async () => {
    const workspace = await newFolder(identity);
    for (const folder of [".git", ".git/hooks", ".codex", ".agents"]) await mkdir(join(workspace, folder));
    await writeFile(join(workspace, ".git/config"), "[core]\n");
    if (identity !== undefined) execFileSync("chown", ["-R", `${identity.uid}`, workspace]);
    return workspace;
  };
  const attempt = async (workspace: string, script: string) => {
    const { sandbox } = await confined({ identity, workspace });
    return runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
  };

  it("cannot be written where they exist", async () => {
    const workspace = await repository();
    await attempt(workspace, PLANT);
    expect(await readFile(join(workspace, ".git/config"), "utf8")).toBe("[core]\n");
    for (const folder of [".git/hooks", ".codex", ".agents"]) {
      expect(await readdir(join(workspace, folder))).toEqual([]);
    }
  });

  it("cannot be made where they do not exist, and leave no trace", async () => {
    const workspace = await newFolder(identity);
    await attempt(workspace, `${PLANT}; echo more > .codex/more; ls -A`);
    expect(await readdir(workspace)).toEqual([]);
  });

  it("cannot be made in a repository without them, and leave no trace", async () => {
    const workspace = await repository();
    await rm(join(workspace, ".git/hooks"), { recursive: true });
    await rm(join(workspace, ".git/config"));
    await attempt(workspace, PLANT);
    expect(await readdir(join(workspace, ".git"))).not.toContain("hooks");
    expect(await readdir(join(workspace, ".git"))).not.toContain("config");
  });

  it("cannot be moved away to be made anew", async () => {
    const workspace = await repository();
    await attempt(workspace, `mv .git old; mv .codex old; rm -rf .git .codex; rmdir .git/hooks; ${PLANT}`);
    expect(await readdir(workspace)).toEqual([".agents", ".codex", ".git"]);
    expect(await readdir(join(workspace, ".git/hooks"))).toEqual([]);
    expect(await readdir(join(workspace, ".git"))).toContain("config");
  });

  it("are those of the repository that a worktree's .git names", async () => {
    const workspace = await newFolder(identity);
    for (const folder of ["store", "store/main", "store/main/hooks"]) await mkdir(join(workspace, folder));
    await writeFile(join(workspace, ".git"), "gitdir: store/main\n");
    if (identity !== undefined) execFileSync("chown", ["-R", `${identity.uid}`, workspace]);
    const script =
      "echo evil > store/main/hooks/x; echo evil > .git; mv store gone; mv store/main gone; echo evil > store/main/config";
    await attempt(workspace, script);
    // Across mounts `mv` copies: what it was to move is still in its place.
    expect(await readFile(join(workspace, ".git"), "utf8")).toBe("gitdir: store/main\n");
    expect(await readdir(join(workspace, "store/main"))).toEqual(["hooks"]);
    expect(await readdir(join(workspace, "store/main/hooks"))).toEqual([]);
  });

  it("are those of the repository that a worktree shares with others", async () => {
    const workspace = await newFolder(identity);
    for (const folder of ["bare", "bare/worktrees", "bare/worktrees/main"])
      await mkdir(join(workspace, folder));
    await writeFile(join(workspace, ".git"), "gitdir: bare/worktrees/main\n");
    await writeFile(join(workspace, "bare/worktrees/main/commondir"), "../..\n");
    if (identity !== undefined) execFileSync("chown", ["-R", `${identity.uid}`, workspace]);
    const script = "mkdir -p bare/hooks; echo evil > bare/hooks/x; echo evil > bare/config; mv bare gone";
    await attempt(workspace, `${script}; echo evil > bare/worktrees/main/commondir`);
    expect(await readdir(join(workspace, "bare"))).toEqual(["worktrees"]);
    expect(await readFile(join(workspace, "bare/worktrees/main/commondir"), "utf8")).toBe("../..\n");
  });

  it("leave the rest of a repository writable", async () => {
    const workspace = await newFolder(identity);
    const options = identity === undefined ? {} : identity;
    const git = (...words: string[]) =>
      execFileSync("git", words, { cwd: workspace, ...options, env: { ...GIT } });
    git("init", "--quiet", ".");
    await writeFile(join(workspace, "file"), "text");
    if (identity !== undefined) await chown(join(workspace, "file"), identity.uid, identity.gid);
    const commit = "git -c user.name=me -c user.email=me@example.org commit --quiet --message first";
    const { exit, stderr } = await attempt(workspace, `git add file && ${commit}`);
    expect({ exitCode: exit.exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(git("log", "--format=%s").toString()).toBe("first\n");
  });

  it("that are links stop the command before it starts", async () => {
    const workspace = await newFolder(identity);
    await symlink("elsewhere", join(workspace, ".codex"));
    await expect(attempt(workspace, "true")).rejects.toThrow(/\.codex is a symbolic link/);
  });

  it("stay protected until the last of several commands has ended", async () => {
    const workspace = await newFolder(identity);
    const { sandbox } = await confined({ identity, workspace });
    const run = (script: string) => runCommand(sandbox, ["bash", "-c", script], { cwd: workspace });
    const long = run(
      "touch started; until [ -e go ]; do :; done; mkdir -p .codex; echo evil > .codex/config",
    );
    await until(() => existsSync(join(workspace, "started")));
    await Promise.all([run("true"), run("true")]);
    expect(await readdir(workspace)).toEqual([".agents", ".codex", ".git", "started"]);
    await run("touch go");
    expect((await long).exit.exitCode).toBe(1);
    expect(await readdir(workspace)).toEqual(["go", "started"]);
  });

  it("that somebody fills while a command runs are left alone", async () => {
    const workspace = await newFolder(identity);
    const { sandbox } = await confined({ identity, workspace });
    const running = runCommand(sandbox, ["bash", "-c", "touch started; until [ -e go ]; do :; done"], {
      cwd: workspace,
    });
    await until(() => existsSync(join(workspace, "started")));
    await writeFile(join(workspace, ".codex/config"), "mine");
    await rm(join(workspace, ".agents"), { recursive: true });
    await mkdir(join(workspace, ".agents"));
    await writeFile(join(workspace, "go"), "");
    await running;
    expect(await readdir(workspace)).toEqual([".agents", ".codex", "go", "started"]);
    expect(await readFile(join(workspace, ".codex/config"), "utf8")).toBe("mine");
  });
});

const GIT = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" };
