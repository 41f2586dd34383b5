import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestWorkspace, type TestWorkspace } from "../../test-workspace.ts";
import { assessCommand } from "../assess.ts";

/** Scripts as agents write them to look around. */
const SCRIPTS = [
  "ls",
  "ls -la",
  "ls -la src/",
  "ls -1 src | head -20",
  "ls -lah --color=never src test 2>/dev/null",
  "ls -R src | head -n 50",
  "ls src/*.ts",
  "ls *.md",
  "pwd",
  "pwd; ls -la",
  "pwd && ls -la && wc -l README.md",
  "cd src && ls -la",
  "cd src && cd .. && ls",
  "cd src; ls; pwd",
  "cat package.json",
  "cat -n src/a.ts",
  "cat -- README.md",
  "cat src/a.ts src/b.ts",
  "cat 'file with space.txt'",
  'cat "file with space.txt"',
  "cat package.json | head -n 30",
  "cat src/a.ts | sed -n '1,120p'",
  "cat *.md | wc -l",
  "nl -ba src/a.ts | sed -n '10,40p'",
  "sed -n '1,200p' src/a.ts",
  "sed -n '5,$p' src/a.ts",
  "sed -n '3p;7,9p' README.md",
  "head -50 README.md",
  "head -n 5 src/*.ts",
  "head -c 100 README.md",
  "tail -n +5 README.md",
  "tail -20 README.md",
  "wc -l src/*.ts",
  "wc -c < /dev/null",
  "grep -n needle src/a.ts",
  "grep -rn needle src",
  "grep -rn 'export function' src --include='*.ts'",
  "grep -rn --include=*.ts useState src",
  "grep -rniE 'foo|bar' src test | head -40",
  "grep -A3 -B 2 -n 'name' package.json",
  'grep -n "^import .* from" src/a.ts',
  'grep -n "foo\\|bar" src/a.ts',
  'grep -c "x$" src/a.ts',
  "grep -rl foo . --exclude-dir=node_modules --exclude-dir=.git",
  "grep -Rn needle src",
  "rg needle",
  "rg -n needle src",
  "rg -n --no-heading -S 'use[A-Z]\\w+' src",
  "rg --files",
  "rg --files src | head",
  "rg --files -g '*.ts' -g '!*.test.ts'",
  "rg --files --hidden -g '!.git'",
  "rg -l foo -t ts",
  "rg -n -C3 'class \\w+' src/a.ts",
  "rg -e foo -e bar src | sort | uniq -c | sort -rn | head",
  "find . -name '*.ts' -not -path './node_modules/*'",
  "find . -maxdepth 2 -type f | sort",
  "find src -type f -name '*.ts' | wc -l",
  "find . -type d '(' -name dist -o -name build ')' -prune -o -print",
  "find . -newer package.json -mtime -1 -size +1k",
  "tree -L 2 -I node_modules",
  "fd -e ts . src",
  "du -sh src",
  "du -sh * | sort -h",
  "stat README.md",
  "stat -c '%s %n' README.md",
  "file README.md",
  "test -f package.json && cat package.json",
  "test -d src || echo missing",
  "which node npm",
  "which node || true",
  "echo hello",
  'echo "--- a.ts ---" && cat src/a.ts && echo "--- b.ts ---" && cat src/b.ts',
  "echo 'a  b' | tr -s ' '",
  "cut -d: -f1 data.csv",
  "cut -d ',' -f 1,3 data.csv | sort -u",
  "sort -k2,2n -t, data.csv",
  "diff src/a.ts src/b.ts",
  "diff -u src/a.ts src/b.ts | head -100",
  "sha256sum package.json",
  "xxd -l 64 README.md",
  "hexdump -C README.md | head",
  "od -c README.md | head",
  "jq . package.json",
  "jq -r .scripts.test package.json",
  "jq '.scripts | keys' package.json",
  "basename src/a.ts .ts",
  "dirname src/a.ts",
  "realpath src",
  "date",
  "date '+%Y-%m-%d'",
  "df -h .",
  "uname -a",
  "whoami && id",
  "seq 1 3",
  "rg --version",
  "ls nothing 2>/dev/null || echo none",
  "ls -la 2>&1 | head -5",
  "cat missing.txt >/dev/null 2>&1 && echo there",
  "# where are we\npwd\nls\n",
  "ls # the files",
  "ls &&\n  cat README.md |\n  head",
  "ls;\n\ncat README.md;\n",
];

/** Vectors without a shell: nothing in them has a meaning to one. */
const VECTORS: [string, ...string[]][] = [
  ["cat", "src/a.ts"],
  ["rg", "-n", "foo$|\\{bar", "src"],
  ["rg", "--files", "-g", "*.{ts,tsx}"],
  ["find", ".", "-name", "*.ts"],
  ["grep", "-n", "$HOME", "src/a.ts"],
  ["sed", "-n", "1,$p", "src/a.ts"],
  ["ls", "-la", "src"],
];

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = createTestWorkspace({
    "README.md": "# Title\n",
    "package.json": '{"scripts":{}}',
    "file with space.txt": "",
    "data.csv": "a,b\n",
    "src/a.ts": "",
    "src/b.ts": "",
    "test/a.test.ts": "",
    // Hidden, so it is out of reach for all of these but recursive grep in the whole tree.
    ".git/config": "",
    ".gitignore": "node_modules\n",
  });
});
afterAll(() => workspace.remove());

const assess = (...argv: [string, ...string[]]) => assessCommand(argv, workspace.path, workspace.path);

describe("a command that is known to only read", () => {
  it.each(SCRIPTS)("may be the script %j", async (script) => {
    expect(await assess("bash", "-lc", script)).toMatchObject({ effect: "read", risk: "low" });
  });

  it.each(VECTORS.map((argv) => [argv]))("may be the vector %j", async (argv) => {
    expect(await assess(...argv)).toMatchObject({ effect: "read", risk: "low" });
  });

  it("says which programs read", async () => {
    const { reason } = await assess("bash", "-c", "cd src && cat a.ts | head && cat b.ts");
    expect(reason).toBe("Only reads, inside the workspace: cd, cat, head.");
  });
});
