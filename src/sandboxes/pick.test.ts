import { execFile } from "node:child_process";
import { chmod, chown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { IS_ROOT, newFolder, NOBODY, USERS } from "../testing/confined.ts";
import { runCommand } from "../testing/run-command.ts";
import { pickSandbox, type PickOptions } from "./pick.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin";

async function options(more: Partial<PickOptions> = {}): Promise<PickOptions> {
  const workspace = await newFolder();
  return {
    mode: "workspace-write",
    workspace,
    hiddenPaths: [],
    network: false,
    environment: { PATH },
    ...more,
  };
}

describe("a picked sandbox", () => {
  it("is bubblewrap where that works, and has shown so", async () => {
    const chosen = await options();
    const { sandbox, description } = await pickSandbox(chosen);
    expect(sandbox.mode).toBe("workspace-write");
    expect(description).toBe("workspace-write (bubblewrap, no network)");
    const { stderr } = await runCommand(sandbox, ["touch", "/etc/x"], { cwd: chosen.workspace });
    expect(stderr).toContain("Read-only file system");
  });

  it("hides what it is told to hide, also by a link's name", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "key"), "secret");
    const chosen = await options();
    await symlink(join(folder, "key"), join(chosen.workspace, "link"));
    const { sandbox } = await pickSandbox({
      ...chosen,
      hiddenPaths: [join(chosen.workspace, "link"), "/no/such/file"],
    });
    expect((await runCommand(sandbox, ["cat", "link"], { cwd: chosen.workspace })).stdout).toBe("");
  });

  it("warns of an open network", async () => {
    const { warnings, description } = await pickSandbox(await options({ network: true }));
    expect(warnings.join("\n")).toContain("SANDBOX_NETWORK=on");
    expect(description).toContain("with network");
  });

  it("is none where that is asked for, with a warning", async () => {
    const { sandbox, warnings } = await pickSandbox(await options({ mode: "danger-full-access" }));
    expect(sandbox.mode).toBe("danger-full-access");
    expect(warnings.join("\n")).toContain("NO SANDBOX");
  });

  it.each(["/no/such/folder", "/", "/etc/passwd"])("needs a workspace other than %s", async (workspace) => {
    await expect(pickSandbox(await options({ workspace }))).rejects.toThrow(`Expected an existing folder`);
  });

  it("cannot be had while a protected place is a link", async () => {
    const chosen = await options();
    await symlink("/etc", join(chosen.workspace, ".agents"));
    await expect(pickSandbox(chosen)).rejects.toThrow(/\.agents is a symbolic link/);
    expect((await pickSandbox({ ...chosen, mode: "read-only" })).sandbox.mode).toBe("read-only");
  });
});

describe("what is hidden", () => {
  it.each(USERS)("may come to be later, as $user", async ({ identity }) => {
    const chosen = await options({ user: identity === undefined ? undefined : "nobody" });
    if (identity !== undefined) await chown(chosen.workspace, identity.uid, identity.gid);
    const folder = await newFolder(undefined, "/var/tmp");
    await chmod(folder, 0o755);
    const store = join(folder, "sessions");
    const { sandbox } = await pickSandbox({ ...chosen, hiddenPaths: [store] });
    const list = async () =>
      (await runCommand(sandbox, ["ls", "-R", folder], { cwd: chosen.workspace })).stdout;
    expect(await list()).not.toContain("sessions");
    await mkdir(store);
    await writeFile(join(store, "log.jsonl"), "secret");
    await expect(list()).resolves.not.toContain("log.jsonl");
  });
});

describe("without bubblewrap", () => {
  it("the error says what to install", async () => {
    const chosen = await options({ environment: { PATH: "/nowhere" } });
    await expect(pickSandbox(chosen)).rejects.toThrow(
      /apt-get install bubblewrap[^]*SANDBOX=danger-full-access/,
    );
  });

  it("one in the workspace is not taken for it", async () => {
    const chosen = await options();
    const folder = join(chosen.workspace, "bin");
    await mkdir(folder);
    await writeFile(join(folder, "bwrap"), "#!/bin/sh\n", { mode: 0o755 });
    await expect(pickSandbox({ ...chosen, environment: { PATH: `.:${folder}` } })).rejects.toThrow(
      "needs bubblewrap",
    );
  });

  it("an old one is refused", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "bwrap"), "#!/bin/sh\necho bubblewrap 0.6.1\n", { mode: 0o755 });
    await expect(pickSandbox(await options({ environment: { PATH: folder } }))).rejects.toThrow(
      /is bubblewrap 0\.6, which is too old/,
    );
  });

  it("only who allows it goes on, and is told loudly", async () => {
    const chosen = await options({ environment: { PATH: "/nowhere" }, allowUnconfined: true });
    const { sandbox, warnings } = await pickSandbox(chosen);
    expect(sandbox.mode).toBe("danger-full-access");
    expect(warnings.join("\n")).toMatch(/needs bubblewrap[^]*NO SANDBOX/);
  });
});

describe("where namespaces are forbidden", () => {
  it("the error names the setting", async () => {
    const workspace = await newFolder();
    const program = join(import.meta.dirname, "../testing/try-pick.ts");
    // A user namespace of its own, in which no more can be made, and whose user has no rights.
    const script = `echo 0 > /proc/sys/user/max_user_namespaces
      exec setpriv --bounding-set=-all --inh-caps=-all ${process.execPath} ${program} ${workspace}`;
    const { stdout } = await promisify(execFile)("unshare", ["-Ur", "sh", "-c", script], { env: { PATH } });
    expect(stdout).toMatch(
      /The sandbox could not be set up: bwrap: [^]*sysctl -w user\.max_user_namespaces=/,
    );
  });
});

describe.runIf(IS_ROOT)("a server that runs as root", () => {
  const forNobody = async () => {
    const chosen = await options({ user: "nobody" });
    await chown(chosen.workspace, NOBODY.uid, NOBODY.gid);
    return chosen;
  };

  it("is warned, and told of SANDBOX_USER", async () => {
    expect((await pickSandbox(await options())).warnings.join("\n")).toContain("SANDBOX_USER");
  });

  it("runs commands as the user it is given by name or number", async () => {
    for (const user of ["nobody", `${NOBODY.uid}`]) {
      const chosen = { ...(await forNobody()), user, environment: { PATH, USER: "root", HOME: "/root" } };
      const { sandbox, warnings, identity } = await pickSandbox(chosen);
      expect(warnings).toEqual([]);
      expect(identity).toEqual(NOBODY);
      const script = "id -u; touch file; stat -c %u file; cat /etc/shadow; echo $USER";
      const { stdout, stderr } = await runCommand(sandbox, ["bash", "-c", script], { cwd: chosen.workspace });
      expect(stdout).toBe(`${NOBODY.uid}\n${NOBODY.uid}\n\n`);
      expect(stderr).toContain("Permission denied");
    }
  });

  it("refuses a user who does not own the workspace", async () => {
    await expect(pickSandbox(await options({ user: "nobody" }))).rejects.toThrow(
      /SANDBOX_USER=nobody \(uid 65534\) must own the workspace .*, whose owner is uid 0/,
    );
  });

  it("refuses a user who does not exist", async () => {
    await expect(pickSandbox(await options({ user: "no-such-user" }))).rejects.toThrow(
      "SANDBOX_USER=no-such-user: expected the name or number of a user",
    );
  });

  it("hides from that user what he could read, and passes over what he cannot come near", async () => {
    const open = await newFolder(undefined, "/var/tmp");
    await chmod(open, 0o755);
    await writeFile(join(open, "key"), "secret");
    const closed = await newFolder(undefined, "/var/tmp");
    await writeFile(join(closed, "key"), "secret");
    const chosen = await forNobody();
    const { sandbox } = await pickSandbox({
      ...chosen,
      hiddenPaths: [join(open, "key"), join(closed, "key")],
    });
    const script = `cat ${join(open, "key")} ${join(closed, "key")}`;
    const { stdout } = await runCommand(sandbox, ["bash", "-c", script], { cwd: chosen.workspace });
    expect(stdout).toBe("");
  });
});
