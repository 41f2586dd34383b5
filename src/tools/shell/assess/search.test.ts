import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestWorkspace, type TestWorkspace } from "../../test-workspace.ts";
import { assessCommand } from "../assess.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = createTestWorkspace({ "src/a.ts": "" });
});
afterEach(() => workspace.remove());

function place(...names: string[]) {
  for (const name of names) write(name, "");
}

function write(name: string, text: string) {
  const path = join(workspace.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The effect, and the file that a search would have read. */
async function search(script: string) {
  const { effect, reason } = await assessCommand(["bash", "-c", script], workspace.path, workspace.path);
  return effect === "read" ? "read" : (/would read "(.*)",/.exec(reason)?.[1] ?? reason);
}

describe("a search through a tree", () => {
  it("asks for the secret that recursive grep would read, and only for what it would", async () => {
    place(".env", "src/b.py");
    expect(await search("grep -rn foo .")).toBe(".env");
    expect(await search("grep -rn foo src")).toBe("read");
    expect(await search("grep -rn foo . --include='*.ts'")).toBe("read");
    expect(await search("grep -rn foo . --include='*.[te]*'")).toBe(".env");
    expect(await search("grep -rn foo . --include='.*'")).toBe(".env");
  });

  it("knows that ripgrep passes over hidden files, unless a glob names them", async () => {
    place(".env", "sub/.env", ".aws/credentials");
    expect(await search("rg foo")).toBe("read");
    expect(await search("rg foo -t ts")).toBe("read");
    expect(await search("rg foo -g '*.ts'")).toBe("read");
    expect(await search("rg foo -g '*.{ts,tsx}'")).toBe("read");
    expect(await search("rg foo -g '!*.ts'")).toBe("read");
    expect(await search("rg foo -g 'src/**' src")).toBe("read");
    expect(await search("rg foo -g '*'")).toMatch(/\.env|credentials/);
    expect(await search("rg foo -g 'sub/**'")).toMatch(/\.env|credentials/);
    expect(await search("rg foo -g '{x/.en?,a}' sub")).toBe("sub/.env");
    expect(await search("rg foo -g '*.e[n]v' sub")).toBe("sub/.env");
  });

  it("knows that an ignore file of this folder or one above can bring hidden files back", async () => {
    place("sub/deep/.env", "other/.env");
    write("sub/.ignore", "*.log\n  \n!.e*\n");
    expect(await search("rg foo sub/deep")).toBe("sub/deep/.env");
    expect(await search("rg foo")).toBe("sub/deep/.env");
    expect(await search("rg foo other")).toBe("read");
  });

  it("does not look into folders that a repository leaves out", async () => {
    place("node_modules/x/server.pem", "build/server.pem", ".git/HEAD");
    write(".gitignore", "node_modules/\n/build\n");
    expect(await search("rg foo")).toBe("read");
    expect(await search("rg foo -g '*.ts'")).toBe("read");
    expect(await search("rg foo -g '*'")).toMatch(/server\.pem/);
    expect(await search("grep -r foo .")).toMatch(/server\.pem/);
    write(".gitignore", "node_modules/\n/build\n!build\n");
    expect(await search("rg foo")).toBe("build/server.pem");
  });

  it("looks everywhere when ignore files mean nothing because there is no repository", async () => {
    place("node_modules/x/server.pem");
    write(".gitignore", "node_modules/\n");
    expect(await search("rg foo")).toBe("node_modules/x/server.pem");
  });

  it("passes over source code that is named after keys, which by name alone asks", async () => {
    place("src/keys.ts", "src/secrets.py");
    expect(await search("rg foo src; grep -r foo src")).toBe("read");
    expect(await search("cat src/keys.ts")).toMatch(/"src\/keys.ts" is named like/);
  });

  it("looks only names up with --files", async () => {
    place("credentials.json", ".env");
    expect(await search("rg --files --hidden; find . -name '.env'; ls -la")).toBe("read");
  });
});

describe("the time of an assessment", () => {
  it.each([
    ["stars", `ls ${"*a".repeat(2000)}`],
    ["a glob of stars", `rg foo -g '${"*a".repeat(2000)}'`],
    ["open brackets", "(".repeat(9000)],
    ["open substitutions", "$(".repeat(4500)],
    ["quotes", `echo ${"'a'\"b\"".repeat(1500)}`],
    ["many commands", "ls;".repeat(3000)],
    ["many patterns", "ls *;".repeat(1900)],
    ["a filter", `jq '${".a?".repeat(3000)}!' a.json`],
    ["a sed script", `sed -n '${"1p;".repeat(2400)}' a.json`],
    ["a long name", `cat ${"a/".repeat(4900)}`],
    ["dots", `cat ${"../".repeat(3000)}`],
  ])("is short for %s", async (_, script) => {
    place(`${"a".repeat(250)}.pem`, ...Array.from({ length: 100 }, (_, index) => `f${index}`));
    const started = performance.now();
    await assessCommand(["bash", "-c", script], workspace.path, workspace.path);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
