import { lstat, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "vitest";
import { IS_ROOT, newFolder } from "../testing/confined.ts";
import { attacks } from "./attack.suite.ts";
import { exists, git, type Ground, isTouched, layGround, SANDBOX_SIDES, SECRET } from "./ground.ts";

describe("a command that writes outside of the workspace", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "makes a file there by its path": async ({ shell, outside }) => {
      await shell(`echo x > ${outside}/new`);
      return exists(join(outside, "new"));
    },
    "goes up from the workspace with dots": async ({ shell, outside }) => {
      await shell("echo x > ../outside/file");
      return isTouched(join(outside, "file"));
    },
    "goes through a symbolic link that it has made": async ({ shell, outside }) => {
      await shell(`ln -s ${outside} way && echo x > way/file`);
      return isTouched(join(outside, "file"));
    },
    "goes through a link that came with the repository": async ({ shell, outside, workspace }) => {
      await symlink(join(outside, "file"), join(workspace, "README"));
      await shell("echo x > README");
      return isTouched(join(outside, "file"));
    },
    "makes a hard link to a file there and writes to that": async ({ shell, outside }) => {
      await shell(`ln ${outside}/file hard && echo x > hard`);
      return isTouched(join(outside, "file"));
    },
    "goes by the root of its process in /proc": async ({ shell, outside }) => {
      await shell(`echo x > /proc/self/root${outside}/file`);
      return isTouched(join(outside, "file"));
    },
    "goes by an open folder in /proc": async ({ shell, outside }) => {
      await shell(`exec 5< ${outside}; echo x > /proc/self/fd/5/file`);
      return isTouched(join(outside, "file"));
    },
    "deletes what lies there": async ({ shell, outside }) => {
      await shell(`rm -rf ${outside}`);
      return isTouched(join(outside, "file"));
    },
    "moves a file from there into the workspace": async ({ shell, outside }) => {
      await shell(`mv ${outside}/file .`);
      return isTouched(join(outside, "file"));
    },
    "opens a file there to everyone": async ({ shell, outside }) => {
      await shell(`chmod 777 ${outside}/file`);
      return ((await stat(join(outside, "file"))).mode & 0o777) === 0o777;
    },
    "puts a link in the place of the workspace itself": async ({ shell, outside, workspace }) => {
      await shell(`mv ${workspace} ${workspace}.old && ln -s ${outside} ${workspace}`);
      return (await lstat(workspace)).isSymbolicLink();
    },
    "mounts something in a namespace of its own": async ({ shell }) => {
      const script = "mkdir m; unshare -Urm sh -c 'mount -t tmpfs none m && echo mounted'";
      return (await shell(script)).stdout.includes("mounted");
    },
    "leaves a file in the machine's temporary folder": async ({ shell }) => {
      const file = join("/tmp", `agentloop-attack-${Math.random()}`);
      await shell(`echo x > ${file}`);
      return removed(file);
    },
    "leaves a file in the machine's shared memory": async ({ shell }) => {
      const file = join("/dev/shm", `agentloop-attack-${Math.random()}`);
      await shell(`echo x > ${file}`);
      return removed(file);
    },
  });
});

describe("a command that leaves something for programs outside to obey", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "writes a hook of the repository": async ({ shell, workspace }) => {
      await shell("mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit");
      return exists(join(workspace, ".git/hooks/pre-commit"));
    },
    "sets a program in the repository's configuration": async ({ shell, workspace }) => {
      await shell("git config core.fsmonitor ./evil");
      return (await readFile(join(workspace, ".git/config"), "utf8")).includes("evil");
    },
    "replaces the configuration by renaming another file": async ({ shell, workspace }) => {
      await shell("echo evil > new && mv new .git/config");
      return (await readFile(join(workspace, ".git/config"), "utf8")).includes("evil");
    },
    "has git read another configuration": async (ground) => {
      await ground.shell(
        `cp -r .git evil; ${programIn("evil/config", ground)}; echo ../evil > .git/commondir`,
      );
      return statusRunsIt(ground);
    },
    "has git read a second configuration": async (ground) => {
      await git("-C", ground.workspace, "config", "extensions.worktreeConfig", "true");
      await ground.shell(programIn(".git/config.worktree", ground));
      return statusRunsIt(ground);
    },
    "moves .git away and makes another": async ({ shell, workspace }) => {
      await shell("mv .git old; mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit");
      return exists(join(workspace, ".git/hooks/pre-commit"));
    },
    "makes a repository where there is none": async ({ shell, workspace }) => {
      await rm(join(workspace, ".git"), { recursive: true });
      await shell("mkdir -p .git/hooks; echo evil > .git/hooks/post-checkout");
      return exists(join(workspace, ".git/hooks/post-checkout"));
    },
    "points a worktree's .git at a repository of its own": async ({ shell, workspace }) => {
      await rm(join(workspace, ".git"), { recursive: true });
      await writeFile(join(workspace, ".git"), "gitdir: /nowhere\n");
      await shell("mkdir evil; rm -f .git; echo 'gitdir: evil' > .git");
      return (await readFile(join(workspace, ".git"), "utf8")).includes("evil");
    },
    "writes the configuration of another agent": async ({ shell, workspace }) => {
      await shell("mkdir -p .codex && echo evil > .codex/config.toml");
      return exists(join(workspace, ".codex/config.toml"));
    },
    "takes the placeholder away that keeps it from making .agents": async ({ shell, workspace }) => {
      await shell(
        "rmdir .agents; mv .agents moved; mkdir -p .agents/skills && echo evil > .agents/skills/x.md",
      );
      return exists(join(workspace, ".agents/skills/x.md"));
    },
    "adds a setting to the .env that the server has loaded": async ({ shell, workspace }) => {
      await shell("echo OPENAI_BASE_URL=https://evil.example >> .env");
      return isTouched(join(workspace, ".env"), `KEY=${SECRET}`);
    },
    "puts another .env in its place": async ({ shell, workspace }) => {
      await shell("rm -f .env; mv .env old; echo SANDBOX=danger-full-access > .env");
      return isTouched(join(workspace, ".env"), `KEY=${SECRET}`);
    },
    "makes the .env that the server would obey when it starts again": async ({ shell, workspace }) => {
      await shell("rm -f conf/.env; mv conf old; mkdir -p conf; echo SANDBOX=danger-full-access > conf/.env");
      return exists(join(workspace, "conf/.env"));
    },
    "makes it in a folder that was not there": async ({ shell, workspace }) => {
      await shell("rmdir later; mkdir -p later; echo SANDBOX=danger-full-access > later/.env");
      return exists(join(workspace, "later/.env"));
    },
    "changes the program of the server that runs": async ({ shell, workspace }) => {
      await shell("echo evil > server/dist/main.js");
      return isTouched(join(workspace, "server/dist/main.js"));
    },
    "puts another program in its place": async ({ shell, workspace }) => {
      await shell("mv server old; mkdir -p server/dist; echo evil > server/dist/main.js");
      return isTouched(join(workspace, "server/dist/main.js"));
    },
    "deletes the logs of the sessions": async ({ shell, workspace }) => {
      await shell("rm -rf sessions");
      return isTouched(join(workspace, "sessions/log.jsonl"), SECRET);
    },
    "adds a line to the log of a session": async ({ shell, workspace }) => {
      await shell("echo forged >> sessions/log.jsonl");
      return isTouched(join(workspace, "sessions/log.jsonl"), SECRET);
    },
    "leaves a program that runs as the server's user, whoever starts it": async ({ shell, workspace }) => {
      await shell("cp /bin/true program; chmod 4755 program || chmod u+s program");
      return ((await stat(join(workspace, "program"))).mode & 0o4000) !== 0;
    },
    "makes such a program without a change of its mode": async ({ shell, workspace }) => {
      const open = 'sysopen(my $file, "program", O_WRONLY | O_CREAT, 04755)';
      await shell(`perl -e 'use Fcntl; umask 0; ${open}; print $file "evil"'`);
      const { mode, size } = await stat(join(workspace, "program"));
      return (mode & 0o4000) !== 0 && size > 0;
    },
    "writes although it was let run because it only reads": async ({ shell, workspace }) => {
      await shell("echo evil > file", { readOnly: true });
      return exists(join(workspace, "file"));
    },
  });
});

describe("a command that reads what is hidden", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "names the loaded .env": ({ reveals }) => reveals("cat .env"),
    "makes a link to it": ({ reveals }) => reveals("ln -s .env copy; cat copy"),
    "makes a hard link to it": ({ reveals }) => reveals("ln .env copy; cat copy"),
    "renames it first": ({ reveals }) => reveals("mv .env copy; cat copy"),
    "goes by the root of the process that has started it": ({ reveals, workspace }) =>
      reveals(`cat /proc/$PPID/root${workspace}/.env`),
    "goes by the folder that it is in": ({ reveals }) => reveals("cat /proc/self/cwd/.env"),
    "moves the folder that a key lies in": ({ reveals }) => reveals("mv conf moved; cat moved/service.key"),
    "unpacks the workspace elsewhere": ({ reveals }) => reveals("tar -cf - . 2>/dev/null | tar -xOf -"),
    "reads what was said in other sessions": ({ reveals }) => reveals("cat sessions/*"),
    "searches the whole workspace": ({ reveals }) => reveals("grep -rhs secret- ."),
    "unmounts what hides it": ({ reveals }) => reveals("umount -l .env sessions 2>&1; cat .env"),
    "reads the keys in the server's home": ({ reveals, home }) => reveals(`cat ${home}/.ssh/*`),
    "reads the passwords in the server's home": ({ reveals, home }) => reveals(`cat ${home}/.netrc`),
    "reads a key file that came to be after the start": async ({ reveals, outside }) => {
      await writeFile(join(outside, "late.key"), SECRET);
      return reveals(`cat ${outside}/late.key`);
    },
    "reads what other programs left in the machine's temporary folder": async ({ reveals }) => {
      const folder = await newFolder(undefined, "/tmp");
      await writeFile(join(folder, "session"), SECRET);
      return reveals(`cat ${folder}/session`);
    },
  });
});

describe("a repository that was cloned with a link for .agents", () => {
  const prepared = async (ground: Promise<Ground>) => {
    const { workspace, outside } = await ground;
    await symlink(outside, join(workspace, ".agents"));
    return ground;
  };
  attacks<Ground>(
    {
      protected: () => prepared(SANDBOX_SIDES.protected()),
      unprotected: () => prepared(SANDBOX_SIDES.unprotected()),
    },
    {
      "has a command replace it by a folder of its own": async ({ shell, workspace }) => {
        await shell("rm .agents; mkdir .agents; echo evil > .agents/x").catch(() => undefined);
        return (await lstat(join(workspace, ".agents"))).isDirectory();
      },
    },
  );
});

describe("a command that fills what all share", () => {
  attacks<Ground>(
    {
      protected: () => layGround({ limits: { tempBytes: 1 << 20 } }),
      unprotected: () => layGround({ mode: "danger-full-access" }),
    },
    {
      "writes more to its temporary folder than there is room for": async ({ shell }) => {
        const script = 'file=$(mktemp); head -c 2000000 /dev/zero > "$file"; stat -c %s "$file"; rm "$file"';
        return (await shell(script)).stdout === "2000000\n";
      },
    },
  );
});

describe.runIf(IS_ROOT)("a command of root", () => {
  attacks<Ground>(SANDBOX_SIDES, {
    "gives a file outside of the workspace to somebody else": async ({ shell, outside }) => {
      await shell(`chown 65534 ${outside}/file`);
      return (await stat(join(outside, "file"))).uid === 65534;
    },
    "makes a device": async ({ shell, workspace }) => {
      await shell("mknod device c 1 3");
      return exists(join(workspace, "device"));
    },
    // What is there is written back.
    "changes a setting of the kernel": async ({ shell }) => {
      const { exit } = await shell("cat /proc/sys/vm/swappiness > /proc/sys/vm/swappiness");
      return exit.exitCode === 0;
    },
    "reaches into a folder that only others may open": async ({ shell, workspace }) => {
      const folder = join(workspace, "../theirs");
      await mkdir(folder, { mode: 0o700 });
      await writeFile(join(folder, "file"), "x");
      await shell(`chown -R 65534 ${folder}`);
      return (await stat(folder)).uid === 65534;
    },
  });
});

/** A script that names a program in a configuration of git, which leaves a trace. */
const programIn = (config: string, { workspace, outside }: Ground) =>
  `printf '#!/bin/sh\\necho > ${outside}/trace' > program; chmod +x program
  git config --file ${config} core.fsmonitor ${workspace}/program`;

/** Whether it is run outside of the sandbox when somebody looks at the state of the repository. */
async function statusRunsIt({ workspace, outside }: Ground): Promise<boolean> {
  await git("-C", workspace, "status");
  return exists(join(outside, "trace"));
}

/** Whether it was there; it is not any more. */
async function removed(file: string): Promise<boolean> {
  const was = await exists(file);
  await rm(file, { force: true });
  return was;
}
