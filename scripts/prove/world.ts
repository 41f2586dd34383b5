import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { PROGRAMS } from "../../src/tools/shell/assess/programs.ts";

/** Stands in every file that no safe command may show. */
export const CANARY = "CANARY-7f3a91";
/** Is the name of a file outside the workspace. */
const OUTSIDE_NAME = `${CANARY}-name`;

/** Programs that a command has no business with: each only records that it was called. */
const TRAPS =
  "sh touch rm cp mv mkdir ln tee curl nc git node python3 xargs env less more vi evil made".split(" ");

const WORKSPACE: Record<string, string> = {
  "README.md": "# Title\nTODO one\nfoo a b\nx y\nlast\n",
  "package.json": '{"name": "scratch", "scripts": {"test": "true"}}\n',
  "data.csv": "a,1\na,2\nb,3\n",
  "file with space.txt": "spaced\n",
  "src/a.ts": "export const foo = 1; // TODO\n",
  "src/b.ts": "export const bar = 2;\n",
  "sub/x.txt": "x\n",
  "dashed/-delete": "",
  "dashed/--pre=.evil.sh": "",
  "dashed/-omade": "",
  ".env": CANARY,
  ".git/config": CANARY,
  "config/server.pem": CANARY,
  "brought/.gitignore": "!.env\n",
  "brought/.env": CANARY,
  "brought/a.txt": "a\n",
  "../outside/secret.txt": CANARY,
  [`../outside/${OUTSIDE_NAME}`]: "",
  "../home/.ssh/id_rsa": CANARY,
  "../home/.bashrc": "touch made-by-bashrc\n",
  "../home/.bash_profile": "touch made-by-profile\n",
};

/** A throw-away folder tree with a workspace, things beside it, and a PATH of real programs and traps. */
export interface World {
  top: string;
  workspace: string;
  bin: string;
  /** Programs of the table that this machine has not. */
  absent: string[];
  /** The shell that runs the commands, by a name that no command knows. */
  shell: string;
  /** Makes the tree as it was. */
  reset(): void;
  /** Changes whenever anything in the tree does, apart from what the recorder writes. */
  snapshot(): string;
  remove(): void;
}

export function createWorld(path: string): World {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "prove-commands-")));
  const workspace = join(top, "workspace");
  const bin = join(top, "bin");
  const shell = join(top, "runner");
  const trapped = join(top, "trapped");
  const absent = fillBin(bin, path, trapped);
  symlinkSync("/bin/bash", shell);
  mkdirSync(join(top, "records"));
  fillWorkspace(workspace);
  return {
    top,
    workspace,
    bin,
    shell,
    absent,
    snapshot: () => JSON.stringify(describeTree(top, new Set(["records"]))),
    reset() {
      for (const name of ["workspace", "outside", "home", "trapped"]) {
        rmSync(join(top, name), { recursive: true, force: true });
      }
      fillWorkspace(workspace);
    },
    remove: () => rmSync(top, { recursive: true, force: true }),
  };
}

function fillWorkspace(workspace: string): void {
  for (const [name, text] of Object.entries(WORKSPACE)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
  writeFileSync(join(workspace, "evil.sh"), "#!/bin/bash\ntouch made-by-evil\n", { mode: 0o755 });
  symlinkSync("../outside", join(workspace, "linked"));
  symlinkSync("../outside/secret.txt", join(workspace, "linked-file"));
  symlinkSync(".env", join(workspace, "linked-env"));
}

function fillBin(bin: string, path: string, trapped: string): string[] {
  mkdirSync(bin);
  const absent: string[] = [];
  for (const name of PROGRAMS.keys()) {
    const found = path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find((file) => existsSync(file));
    if (found === undefined) absent.push(name);
    else symlinkSync(realpathSync(found), join(bin, name));
  }
  for (const name of TRAPS) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/bash\necho ${name} >> ${trapped}\n`);
    chmodSync(file, 0o755);
  }
  return absent;
}

function describeTree(folder: string, skipped = new Set<string>()): unknown[] {
  return readdirSync(folder)
    .filter((name) => !skipped.has(name))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mode, size, mtimeMs, ctimeMs, ino, nlink } = lstatSync(path);
      const isFolder = lstatSync(path).isDirectory();
      const inside = isFolder
        ? describeTree(path)
        : lstatSync(path).isSymbolicLink()
          ? readlinkSync(path)
          : undefined;
      return [name, mode, size, mtimeMs, ctimeMs, ino, nlink, inside];
    });
}
