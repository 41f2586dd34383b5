import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { AgentError } from "./contract/error.ts";
import { SandboxMode } from "./contract/message.ts";
import type { Place, Sandbox } from "./contract/sandbox.ts";
import type { SessionOptions } from "./contract/session.ts";

export interface PlacesOptions {
  /** Where sessions work that ask for nothing else. */
  own: Place;
  /** Folders that a session's own folder may be in; none: the server's workspace. */
  roots: readonly string[];
  /** Makes a sandbox for a folder. Rejects when it cannot be had. */
  readonly createSandbox: (mode: SandboxMode, workspace: string) => Promise<Sandbox>;
}

/** Sandboxes from narrow to wide, as the schema lists them. */
const WIDTH = SandboxMode.options;

/** The folders that sessions work in. Each has a sandbox of its own, so that sessions in two folders cannot write to each other's. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #sandboxes = new Map<string, Promise<Sandbox>>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Throws AgentError `invalid_message` for a folder outside the roots, and for a wider sandbox than the server's. */
  async open({ workspace, sandbox }: Pick<SessionOptions, "workspace" | "sandbox">): Promise<Place> {
    const { own } = this.#options;
    const mode = sandbox ?? own.sandbox.mode;
    if (WIDTH.indexOf(mode) > WIDTH.indexOf(own.sandbox.mode)) {
      throw new AgentError(
        "invalid_message",
        `sandbox ${mode} is wider than the server's own (${own.sandbox.mode}).`,
      );
    }
    const folder = workspace === undefined ? own.workspace : await this.#folder(workspace);
    if (folder === own.workspace && mode === own.sandbox.mode) return own;
    return { workspace: folder, sandbox: await this.#sandbox(mode, folder) };
  }

  async #folder(asked: string): Promise<string> {
    const { own, roots } = this.#options;
    const allowed =
      roots.length === 0 ? [own.workspace] : await Promise.all(roots.map((root) => realpath(root)));
    const expected = `workspace: expected an existing folder inside ${allowed.join(" or ")} (WORK_ROOTS); came ${JSON.stringify(asked)}`;
    const folder = asked.includes("\0")
      ? undefined
      : await realpath(resolve(own.workspace, asked)).catch(() => undefined);
    if (folder === own.workspace) return folder;
    // The same words for what does not exist and what lies outside, so that nobody learns what is there.
    if (
      folder === undefined ||
      !allowed.some((root) => isInside(root, folder)) ||
      !(await isFolder(folder))
    ) {
      throw new AgentError("invalid_message", expected);
    }
    return folder;
  }

  #sandbox(mode: SandboxMode, workspace: string): Promise<Sandbox> {
    const key = `${mode} ${workspace}`;
    const known = this.#sandboxes.get(key);
    if (known) return known;
    const made = this.#options.createSandbox(mode, workspace);
    this.#sandboxes.set(key, made);
    // The next one who asks may have more luck.
    made.catch(() => this.#sandboxes.delete(key));
    return made;
  }
}

const isFolder = async (path: string) => (await stat(path)).isDirectory();

function isInside(root: string, folder: string): boolean {
  const way = relative(root, folder);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
