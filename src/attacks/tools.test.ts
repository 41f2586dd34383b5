import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";
import { describe, onTestFinished } from "vitest";
import { ToolError } from "../contract/tool.ts";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { commitChanges } from "../tools/apply-patch/commit.ts";
import { findGround } from "../tools/apply-patch/ground.ts";
import { planPatch } from "../tools/apply-patch/plan.ts";
import { collect, createTestWorkspace } from "../tools/test-workspace.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { attacks } from "./attack.suite.ts";
import { exists, isTouched, SECRET, UNTOUCHED } from "./ground.ts";
import { naiveApply, naiveShell } from "./naive-tools.ts";

/** A workspace with `file`, `.git`, the loaded `.env` and the folder `logs`; beside it a folder with `file`. */
interface Bench {
  workspace: string;
  outside: string;
  /** A model's call. What it fails with is told to the model. `edited`: what the user approved in place of it. */
  readonly patch: (input: string, edited?: string) => Promise<void>;
  readonly shell: (script: string, workdir?: string) => Promise<string>;
  /** Applies a patch, while something else happens between the look at the files and the change. */
  readonly patchAround: (input: string, meanwhile: () => void) => Promise<void>;
}

function lay() {
  const files = { file: UNTOUCHED, ".git/config": UNTOUCHED, ".env": UNTOUCHED, "logs/log.jsonl": UNTOUCHED };
  const made = createTestWorkspace(files, createUnconfinedSandbox());
  onTestFinished(() => made.remove());
  writeFileSync(join(made.outside, "file"), UNTOUCHED);
  // By a link, as an operator may write it.
  symlinkSync(join(made.path, "logs"), join(made.outside, "logs"));
  symlinkSync(join(made.outside, "file"), join(made.path, "linked.env"));
  const own = [".env", "linked.env", "later.env"].map((name) => join(made.path, name));
  const protectedPaths = [...own, join(made.outside, "logs")];
  return { workspace: made.path, outside: made.outside, context: { ...made.context, protectedPaths } };
}

const NEVER = new AbortController().signal;

const unlessTold = (error: unknown) => {
  if (!(error instanceof ToolError)) throw error;
};

function realBench(): Bench {
  const { context, ...laid } = lay();
  const call = async (name: string, args: object, edited?: string) => {
    const { result } = await collect(
      createToolbox().parse(name, JSON.stringify(args)).run(context, NEVER, edited),
    );
    return result.output;
  };
  return {
    ...laid,
    patch: async (input, edited) => void (await call("apply_patch", { input }, edited).catch(unlessTold)),
    shell: async (script, workdir) =>
      (await call("shell", { command: ["bash", "-c", script], workdir }).catch(unlessTold)) ?? "",
    async patchAround(input, meanwhile) {
      const changes = await planPatch(input, await findGround(context, ""));
      meanwhile();
      await commitChanges(context.workspace, changes).catch(unlessTold);
    },
  };
}

function naiveBench(): Bench {
  const { workspace, outside } = lay();
  const told = () => undefined;
  return {
    workspace,
    outside,
    patch: (input, edited) => naiveApply(workspace, edited ?? input).catch(told),
    shell: (script, workdir) => naiveShell(workspace, script, workdir),
    async patchAround(input, meanwhile) {
      meanwhile();
      await naiveApply(workspace, input);
    },
  };
}

const SIDES = { protected: realBench, unprotected: naiveBench };

const patchOf = (...lines: string[]) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const add = (path: string) => patchOf(`*** Add File: ${path}`, "+evil");
const update = (path: string) => patchOf(`*** Update File: ${path}`, "@@", `-${UNTOUCHED}`, "+evil");
const remove = (path: string) => patchOf(`*** Delete File: ${path}`);
const move = (path: string) =>
  patchOf("*** Update File: file", `*** Move to: ${path}`, "@@", ` ${UNTOUCHED}`);

describe("a patch that leads out of the workspace", () => {
  attacks<Bench>(SIDES, {
    "adds a file by dots": async ({ patch, outside }) => {
      await patch(add("../outside/new"));
      return exists(join(outside, "new"));
    },
    "adds a file by dots after a folder that exists": async ({ patch, outside }) => {
      await patch(add("logs/../../outside/new"));
      return exists(join(outside, "new"));
    },
    "adds a file by its whole path": async ({ patch, outside }) => {
      await patch(add(join(outside, "new")));
      return exists(join(outside, "new"));
    },
    "updates a file through a link to its folder": async ({ patch, workspace, outside }) => {
      symlinkSync(outside, join(workspace, "way"));
      await patch(update("way/file"));
      return isTouched(join(outside, "file"));
    },
    "updates a file through a link to itself": async ({ patch, workspace, outside }) => {
      symlinkSync(join(outside, "file"), join(workspace, "README"));
      await patch(update("README"));
      return isTouched(join(outside, "file"));
    },
    "makes a file through a link that leads to nothing yet": async ({ patch, workspace, outside }) => {
      symlinkSync(join(outside, "new"), join(workspace, "README"));
      await patch(add("README"));
      return exists(join(outside, "new"));
    },
    "goes by a link to a link": async ({ patch, workspace, outside }) => {
      symlinkSync("../outside", join(workspace, "second"));
      symlinkSync("second", join(workspace, "first"));
      await patch(update("first/file"));
      return isTouched(join(outside, "file"));
    },
    "deletes a file through a link": async ({ patch, workspace, outside }) => {
      symlinkSync(outside, join(workspace, "way"));
      await patch(remove("way/file"));
      return isTouched(join(outside, "file"));
    },
    "moves a file over one that is there": async ({ patch, outside }) => {
      await patch(move("../outside/file"));
      return !(await exists(join(outside, "../workspace/file")));
    },
    "updates a file that has a second name outside": async ({ patch, workspace, outside }) => {
      linkSync(join(outside, "file"), join(workspace, "hard"));
      await patch(update("hard"));
      return isTouched(join(outside, "file"));
    },
    "finds a link where a folder was when it looked": async ({ patchAround, workspace, outside }) => {
      mkdirSync(join(workspace, "folder"));
      writeFileSync(join(workspace, "folder/file"), UNTOUCHED);
      await patchAround(update("folder/file"), () => {
        renameSync(join(workspace, "folder"), join(workspace, "moved"));
        symlinkSync(outside, join(workspace, "folder"));
      });
      return isTouched(join(outside, "file"));
    },
    "finds a link where a file was when it looked": async ({ patchAround, workspace, outside }) => {
      await patchAround(update("file"), () => {
        rmSync(join(workspace, "file"));
        symlinkSync(join(outside, "file"), join(workspace, "file"));
      });
      return isTouched(join(outside, "file"));
    },
    "is put in the place of the one that was approved": async ({ patch, outside }) => {
      await patch(update("file"), add("../outside/new"));
      return exists(join(outside, "new"));
    },
    "comes as a script that goes to another folder first": async ({ shell, outside }) => {
      await shell(`cd ../outside && apply_patch <<'EOF'\n${add("new")}\nEOF`);
      return exists(join(outside, "new"));
    },
    "comes as a script in another folder": async ({ shell, outside }) => {
      await shell(`apply_patch <<'EOF'\n${add("new")}\nEOF`, "../outside");
      return exists(join(outside, "new"));
    },
  });
});

describe("a patch that touches what others obey", () => {
  attacks<Bench>(SIDES, {
    "adds a hook of the repository": async ({ patch, workspace }) => {
      await patch(add(".git/hooks/pre-commit"));
      return exists(join(workspace, ".git/hooks/pre-commit"));
    },
    "adds a hook of a repository within it": async ({ patch, workspace }) => {
      await patch(add("vendor/.git/hooks/pre-commit"));
      return exists(join(workspace, "vendor/.git/hooks/pre-commit"));
    },
    "updates the repository's configuration by a link of another name": async ({ patch, workspace }) => {
      symlinkSync(".git", join(workspace, "history"));
      await patch(update("history/config"));
      return isTouched(join(workspace, ".git/config"));
    },
    "adds a hook to the folder that a worktree's .git names": async ({ patch, workspace }) => {
      rmSync(join(workspace, ".git"), { recursive: true });
      mkdirSync(join(workspace, "real"));
      writeFileSync(join(workspace, ".git"), "gitdir: real\n");
      await patch(add("real/hooks/pre-commit"));
      return exists(join(workspace, "real/hooks/pre-commit"));
    },
    "adds a configuration of another agent": async ({ patch, workspace }) => {
      await patch(add("./.codex//config.toml"));
      return exists(join(workspace, ".codex/config.toml"));
    },
    "makes the .env that the server would obey when it starts again": async ({ patch, workspace }) => {
      await patch(add("later.env"));
      return exists(join(workspace, "later.env"));
    },
    "takes away the link to the .env that the server obeys": async ({ patch, workspace }) => {
      await patch(remove("linked.env"));
      return !(await exists(join(workspace, "linked.env")));
    },
    "updates the .env that the server has loaded": async ({ patch, workspace }) => {
      await patch(update(".env"));
      return isTouched(join(workspace, ".env"));
    },
    "deletes the log of a session": async ({ patch, workspace }) => {
      await patch(remove("logs/log.jsonl"));
      return isTouched(join(workspace, "logs/log.jsonl"));
    },
  });
});

describe("a patch that is not what it seems", () => {
  attacks<Bench>(SIDES, {
    "changes one file although another does not fit": async ({ patch, workspace }) => {
      const misfit = ["*** Update File: .env", "@@", "-not there", "+evil"];
      await patch(patchOf("*** Update File: file", "@@", `-${UNTOUCHED}`, "+evil", ...misfit));
      return isTouched(join(workspace, "file"));
    },
    "writes over a file that it says it adds": async ({ patch, workspace }) => {
      await patch(add("file"));
      return isTouched(join(workspace, "file"));
    },
    "writes over what somebody has written since it looked": async ({ patchAround, workspace }) => {
      const words = `${UNTOUCHED}\nand the words of somebody else\n`;
      await patchAround(patchOf("*** Add File: new", "+evil"), () =>
        writeFileSync(join(workspace, "new"), words),
      );
      return readFileSync(join(workspace, "new"), "utf8") !== words;
    },
    "gives a file a name that clears a terminal": async ({ patch, workspace }) => {
      await patch(add("a\u001b[2Jb"));
      return exists(join(workspace, "a\u001b[2Jb"));
    },
  });
});

describe("a command that asks for a folder outside of the workspace", () => {
  const asks = async ({ shell, outside }: Bench, workdir: string) => {
    writeFileSync(join(outside, "secret"), SECRET);
    return (await shell("cat secret", workdir)).includes(SECRET);
  };
  attacks<Bench>(SIDES, {
    "by dots": (bench) => asks(bench, "../outside"),
    "by its whole path": (bench) => asks(bench, bench.outside),
    "by a link": (bench) => {
      symlinkSync(bench.outside, join(bench.workspace, "way"));
      return asks(bench, "way");
    },
  });
});

describe("a pipe in the workspace that nobody writes to", () => {
  interface Reader {
    workspace: string;
    /** What the server itself reads before a search and before a patch. */
    readonly read: (name: string) => Promise<unknown>;
  }
  const real = (): Reader => {
    const { context } = lay();
    const search = { command: ["grep", "-r", "x", "."] };
    const rg = { command: ["rg", "x"] };
    return {
      workspace: context.workspace,
      async read() {
        for (const args of [search, rg])
          await createToolbox().parse("shell", JSON.stringify(args)).assess(context);
        await createToolbox()
          .parse("apply_patch", JSON.stringify({ input: add("new") }))
          .assess(context);
      },
    };
  };
  const naive = (): Reader => {
    const { workspace } = lay();
    return { workspace, read: (name) => readFile(join(workspace, name)) };
  };
  const waits = async ({ workspace, read }: Reader, name: string) => {
    const path = join(workspace, name);
    rmSync(path, { recursive: true, force: true });
    execFileSync("mkfifo", [path]);
    const reading = read(name);
    const heldUp = await isHeldUp(path, reading);
    await reading;
    return heldUp;
  };
  attacks<Reader>(
    { protected: real, unprotected: naive },
    {
      "keeps the server waiting as .gitignore": (reader) => waits(reader, ".gitignore"),
      "keeps the server waiting as .git": (reader) => waits(reader, ".git"),
    },
  );
});

/** Whether somebody who reads goes on only when the writer has gone. */
async function isHeldUp(pipe: string, reading: Promise<unknown>): Promise<boolean> {
  const over = reading.then(() => true);
  while (!(await Promise.race([over, immediate(false)]))) {
    const writer = openForReader(pipe);
    if (writer === undefined) continue;
    const isOver = await Promise.race([over, delay(500, false)]);
    closeSync(writer);
    return !isOver;
  }
  return false;
}

/** A pipe can only be opened so while somebody has it open to read. */
function openForReader(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
