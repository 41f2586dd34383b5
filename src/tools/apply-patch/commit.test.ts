import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rename, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestWorkspace, type TestWorkspace } from "../test-workspace.ts";
import { commitChanges } from "./commit.ts";
import { Folders } from "./folder.ts";
import { planPatch } from "./plan.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = createTestWorkspace({ "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" });
});
afterEach(() => workspace.remove());

const at = (...names: string[]) => join(workspace.path, ...names);
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const plan = (...lines: string[]) =>
  planPatch(["*** Begin Patch", ...lines, "*** End Patch"].join("\n"), {
    workspace: workspace.path,
    base: "",
    protectedPaths: [],
  });

/** Adds, updates, moves and deletes, with two new folders. */
const planAll = () =>
  plan(
    "*** Add File: new/deep/d.txt",
    "+d",
    "*** Update File: a.txt",
    "@@",
    "-a",
    "+A",
    "*** Update File: b.txt",
    "*** Move to: moved/b.txt",
    "@@",
    "-b",
    "+B",
    "*** Delete File: c.txt",
  );
const ALL_DONE = { "a.txt": "A\n", "moved/b.txt": "B\n", "new/deep/d.txt": "d\n" };

describe.each([
  ["by descriptors", true],
  ["by paths", false],
])("a commit %s", (_, byDescriptor) => {
  const commit = (changes: Awaited<ReturnType<typeof plan>>) =>
    commitChanges(workspace.path, changes, new Folders(workspace.path, byDescriptor));

  it("does all changes and leaves no temporary file", async () => {
    await commit(await planAll());
    expect(workspace.files()).toEqual(ALL_DONE);
  });

  it("keeps the mode of an updated and of a moved file", async () => {
    chmodSync(at("a.txt"), 0o4751);
    chmodSync(at("b.txt"), 0o600);
    await commit(await planAll());
    expect(modeOf(at("a.txt"))).toBe("4751");
    expect(modeOf(at("moved/b.txt"))).toBe("600");
  });

  it("gives a new file the mode that the process gives", async () => {
    writeFileSync(at("plain"), "");
    await commit(await planAll());
    expect(modeOf(at("new/deep/d.txt"))).toBe(modeOf(at("plain")));
  });

  it.runIf(process.getuid?.() === 0)("as root leaves the files to their owners", async () => {
    chownSync(workspace.path, 1234, 1235);
    chownSync(at("a.txt"), 1236, 1237);
    await commit(await planAll());
    const ownerOf = (path: string) => [statSync(path).uid, statSync(path).gid];
    expect(ownerOf(at("a.txt"))).toEqual([1236, 1237]);
    expect(ownerOf(at("new"))).toEqual([1234, 1235]);
    expect(ownerOf(at("new/deep/d.txt"))).toEqual([1234, 1235]);
  });

  it("does not write through a hard link", async () => {
    linkSync(at("a.txt"), join(workspace.outside, "linked"));
    await commit(await planAll());
    expect(readFileSync(join(workspace.outside, "linked"), "utf8")).toBe("a\n");
  });

  it("takes everything back when the place of a new file is taken at the last moment", async () => {
    const changes = await plan(
      "*** Update File: a.txt",
      "@@",
      "-a",
      "+A",
      "*** Add File: new/deep/x.txt",
      "+x",
      "*** Add File: late.txt",
      "+late",
      "*** Delete File: c.txt",
    );
    chmodSync(at("a.txt"), 0o640);
    const fresh = await plan("*** Update File: a.txt", "@@", "-a", "+A");
    changes[0] = fresh[0]!;
    writeFileSync(at("late.txt"), "somebody else's\n");
    const before = workspace.files();

    await expect(commit(changes)).rejects.toThrow(/^late\.txt: .*\(EEXIST\)\. Nothing was changed\.$/);
    expect(workspace.files()).toEqual(before);
    expect(readdirSync(workspace.path)).not.toContain("new");
    expect(modeOf(at("a.txt"))).toBe("640");
  });

  it("takes everything back when a rename fails", async () => {
    const changes = await planAll();
    // A file cannot be renamed onto a folder; the stamp is what the folder has, so that the rename is really tried.
    const doomed = changes.find(({ place }) => place.path === "a.txt")!;
    mkdirSync(at("blocked"));
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(at("blocked"), { bigint: true });
    doomed.place = { ...doomed.place, path: "blocked", name: "blocked" };
    doomed.before = { ...doomed.before!, stamp: [dev, ino, size, mtimeNs, ctimeNs].join(":") };
    const before = workspace.files();

    await expect(commit(changes)).rejects.toThrow(/^blocked: .*\(EISDIR\)\. Nothing was changed\.$/);
    expect(workspace.files()).toEqual(before);
    expect(readdirSync(workspace.path).sort()).toEqual(["a.txt", "b.txt", "blocked", "c.txt"]);
  });

  it("takes everything back when a file to delete has changed", async () => {
    const changes = await planAll();
    writeFileSync(at("c.txt"), "newer\n");
    await expect(commit(changes)).rejects.toThrow(/^c\.txt: was changed by somebody else/);
    expect(workspace.files()).toEqual({ "a.txt": "a\n", "b.txt": "b\n", "c.txt": "newer\n" });
    expect(readdirSync(workspace.path).sort()).toEqual(["a.txt", "b.txt", "c.txt"]);
  });

  it("does not overwrite what somebody wrote since the patch was computed", async () => {
    const changes = await planAll();
    writeFileSync(at("a.txt"), "newer\n");
    await expect(commit(changes)).rejects.toThrow(/^a\.txt: was changed by somebody else/);
    expect(workspace.files()).toEqual({ "a.txt": "newer\n", "b.txt": "b\n", "c.txt": "c\n" });
  });

  it("does not follow a folder that became a link since the patch was computed", async () => {
    mkdirSync(at("dir"));
    const changes = await plan("*** Add File: dir/x.txt", "+x", "*** Add File: fresh/y.txt", "+y");
    renameSync(at("dir"), at("away"));
    symlinkSync(workspace.outside, at("dir"));
    await expect(commit(changes)).rejects.toThrow(/^dir\/x\.txt: .*Nothing was changed/);
    expect(readdirSync(workspace.outside)).toEqual([]);

    symlinkSync(workspace.outside, at("fresh"));
    await expect(commit(changes.slice(1))).rejects.toThrow(/^fresh\/y\.txt: /);
    expect(readdirSync(workspace.outside)).toEqual([]);
  });
});

it("a commit whose open folder is swapped for a link by another program stays in the folder", async () => {
  for (const byDescriptor of [true, false]) {
    mkdirSync(at("dir"));
    const changes = await plan("*** Add File: dir/x.txt", "+x", "*** Add File: dir/sub/y.txt", "+y");
    const folders = new Folders(workspace.path, byDescriptor);
    await folders.get(["dir"]);
    renameSync(at("dir"), at(`away-${byDescriptor}`));
    symlinkSync(workspace.outside, at("dir"));
    const commit = commitChanges(workspace.path, changes, folders);
    if (byDescriptor) await commit;
    else await expect(commit).rejects.toThrow(/the folder was replaced/);
    expect(readdirSync(workspace.outside)).toEqual([]);
    await unlink(at("dir"));
  }
  expect(workspace.files()).toMatchObject({ "away-true/x.txt": "x\n", "away-true/sub/y.txt": "y\n" });
});

it.runIf(existsSync("/proc/self/fd"))(
  "a commit does not reach outside while a folder is swapped for a link and back",
  async () => {
    mkdirSync(at("dir"));
    writeFileSync(join(workspace.outside, "victim.txt"), "v\n");
    const attack = startSwapping(at("dir"), workspace.outside);
    try {
      // Until both sides have had their chances.
      for (let round = 0; round < 60 || attack.swaps() < 60; round++) {
        const patches = [
          plan(`*** Add File: dir/${round}.txt`, "+x", `*** Add File: dir/sub${round}/y.txt`, "+y"),
          plan("*** Delete File: dir/victim.txt"),
        ];
        for (const outcome of await Promise.allSettled(patches.map(commitPlanned))) {
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "ToolError" });
        }
      }
    } finally {
      await attack.stop();
    }
    expect(readdirSync(workspace.outside)).toEqual(["victim.txt"]);
    expect(Object.keys(workspace.files()).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  },
);

const commitPlanned = async (planned: ReturnType<typeof plan>) =>
  commitChanges(workspace.path, await planned);

describe("a plan", () => {
  it("refuses to change a file that is no UTF-8, but moves and deletes it", async () => {
    writeFileSync(at("latin.txt"), Buffer.from([0x61, 0xe9, 0x0a]));
    await expect(plan("*** Update File: latin.txt", "@@", "-a", "+b")).rejects.toThrow(/binary file/);
    await commitChanges(workspace.path, await plan("*** Update File: latin.txt", "*** Move to: moved.txt"));
    expect(readFileSync(at("moved.txt"))).toEqual(Buffer.from([0x61, 0xe9, 0x0a]));
    await commitChanges(workspace.path, await plan("*** Delete File: moved.txt"));
    expect(existsSync(at("moved.txt"))).toBe(false);
  });

  it("opens no more files than it closes", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let round = 0; round < 20; round++) {
      await commitChanges(workspace.path, await plan(`*** Add File: x${round}/y/z.txt`, "+x"));
      await expect(plan("*** Delete File: x0/y/missing")).rejects.toThrow(/no such file/);
    }
    expect(open()).toBeLessThan(before + 10);
  });
});

/** Swaps a folder for a link to `outside` and back, between any two steps of the other side. */
function startSwapping(folder: string, outside: string) {
  const stop = new AbortController();
  let count = 0;
  // The other side may have made a folder at the free name: then a step fails, and the next round goes on.
  const attempt = (step: Promise<void>) => step.then(() => true).catch(() => false);
  const finished = (async () => {
    for (let round = 0; !stop.signal.aborted; round++) {
      await attempt(rename(folder, `${folder}-away${round}`));
      if (await attempt(symlink(outside, folder))) count++;
      await attempt(unlink(folder));
      await attempt(rename(`${folder}-away${round}`, folder));
    }
  })();
  return {
    swaps: () => count,
    stop: async () => {
      stop.abort();
      await finished;
    },
  };
}
