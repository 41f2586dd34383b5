import { execFile, spawn } from "node:child_process";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sandbox } from "../contract/sandbox.ts";
import { DEFAULT_PATH } from "../sandboxes/environment.ts";
import { pickSandbox, type PickOptions } from "../sandboxes/pick.ts";
import { secretPlaces } from "../sandboxes/secret-places.ts";
import { newFolder } from "../testing/confined.ts";
import { type Result, runCommand, type RunOptions } from "../testing/run-command.ts";

/** What no command may come to know. */
export const SECRET = "secret-5f3a9c71e2";

/** What stands in a file before somebody changes it. */
export const UNTOUCHED = "untouched";

/** A workspace and what lies around it, with the sandbox that is tried. */
export interface Ground {
  sandbox: Sandbox;
  /** A git repository. In it: the loaded `.env`, the folder `sessions` of the logs, and `conf/service.key`, all hidden. */
  workspace: string;
  /** Beside the workspace: `file`, which is untouched. */
  outside: string;
  /** The server's home: `.ssh/id_ed25519` and `.netrc` hold the secret. */
  home: string;
  readonly shell: (script: string, options?: Partial<RunOptions>) => Promise<Result>;
  /** Whether a script's output has the secret in it. */
  readonly reveals: (script: string, options?: Partial<RunOptions>) => Promise<boolean>;
}

/** Lays a ground in a folder that commands can see, and makes a sandbox for it. */
export async function layGround(options: Partial<PickOptions> = {}, sandbox?: Sandbox): Promise<Ground> {
  const top = await newFolder(undefined, "/var/tmp");
  const [workspace, outside, home] = ["workspace", "outside", "home"].map((name) => join(top, name));
  if (workspace === undefined || outside === undefined || home === undefined) throw new Error("no ground");
  const files: Record<string, string> = {
    // All that git needs, and much faster than to ask it.
    "workspace/.git/HEAD": "ref: refs/heads/main\n",
    "workspace/.git/config": "[core]\n\trepositoryformatversion = 0\n",
    "workspace/.git/objects/info/packs": "",
    "workspace/.git/refs/heads/.keep": "",
    "workspace/.env": `KEY=${SECRET}`,
    "workspace/sessions/log.jsonl": SECRET,
    "workspace/conf/service.key": SECRET,
    "workspace/server/dist/main.js": UNTOUCHED,
    "outside/file": UNTOUCHED,
    "home/.ssh/id_ed25519": SECRET,
    "home/.netrc": `machine example.org password ${SECRET}`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(top, name, ".."), { recursive: true });
    await writeFile(join(top, name), text);
  }
  const hiddenPaths = [".env", "sessions", "conf/service.key"].map((name) => join(workspace, name));
  const picked = await pickSandbox({
    mode: "workspace-write",
    workspace,
    hiddenPaths: [...hiddenPaths, ...secretPlaces(home), join(outside, "late.key")],
    readOnlyPaths: ["server/dist", "conf/.env", "later/.env"].map((name) => join(workspace, name)),
    network: false,
    environment: { PATH: DEFAULT_PATH, KEY: SECRET },
    ...options,
  });
  const chosen = sandbox ?? picked.sandbox;
  const shell = (script: string, more: Partial<RunOptions> = {}) =>
    runCommand(chosen, ["bash", "-c", script], { cwd: workspace, ...more });
  return {
    sandbox: chosen,
    workspace,
    outside,
    home,
    shell,
    reveals: async (script, more) => (await shell(script, more)).stdout.includes(SECRET),
  };
}

/** As a person runs it, without the person's own settings. */
export const git = (...words: string[]) =>
  promisify(execFile)("git", words, {
    env: { PATH: DEFAULT_PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" },
  });

/** The real sandbox, and none. */
export const SANDBOX_SIDES = {
  protected: () => layGround(),
  unprotected: () => layGround({ mode: "danger-full-access" }),
};

/** Runs commands as who thinks of nothing does: what is the server's, they inherit. */
export const carelessSandbox = (environment: Record<string, string>): Sandbox => ({
  mode: "danger-full-access",
  async *run({ argv: [file, ...args], cwd }) {
    const child = spawn(file, args, { cwd, env: { PATH: DEFAULT_PATH, ...environment } });
    for await (const data of child.stdout) yield { type: "output", stream: "stdout", data };
    const { exitCode, signalCode: signal } = child;
    yield { type: "exit", exitCode, signal, timedOut: false, outputLimit: false, durationMs: 0 };
  },
});

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whether somebody has changed a file or taken it away. */
export const isTouched = async (path: string, before = UNTOUCHED): Promise<boolean> =>
  (await readFile(path, "utf8").catch(() => undefined)) !== before;
