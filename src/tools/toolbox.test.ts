import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Tool } from "../contract/tool.ts";
import { collect, createTestWorkspace, type TestWorkspace } from "./test-workspace.ts";
import { createToolbox } from "./toolbox.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = createTestWorkspace({ "a.txt": "a\n" });
  mkdirSync(join(workspace.path, "sub"));
});
afterEach(() => workspace.remove());

const toolbox = createToolbox();
const PATCH = "*** Begin Patch\n*** Add File: x.txt\n+costs $HOME `x` \\n\n*** End Patch";

describe("the specs", () => {
  it("have a fixed order and plain schemas", () => {
    expect(toolbox.specs.map(({ name }) => name)).toEqual(["shell", "apply_patch"]);
    expect(toolbox.specs[0]?.parameters).toEqual({
      type: "object",
      properties: {
        command: { type: "array", items: { type: "string" }, minItems: 1, description: expect.any(String) },
        workdir: { type: "string", description: expect.any(String) },
        timeout_ms: { type: "number", minimum: 1, description: expect.any(String) },
      },
      required: ["command"],
      additionalProperties: false,
    });
    expect(toolbox.specs[1]?.parameters).toEqual({
      type: "object",
      properties: { input: { type: "string", minLength: 1, description: expect.any(String) } },
      required: ["input"],
      additionalProperties: false,
    });
  });

  it("describe a patch with an example that can be read", async () => {
    const description = toolbox.specs[1]?.description ?? "";
    const example = /^\*\*\* Begin Patch$[^]*^\*\*\* End Patch$/m.exec(description)?.[0];
    workspace.remove();
    workspace = createTestWorkspace({
      "src/app.py": "class App\n    def run(self):\n        start()\n        work(1)\n        stop()\n",
      "old.txt": "",
    });
    const call = toolbox.parse("apply_patch", JSON.stringify({ input: example }));
    await collect(call.run(workspace.context, new AbortController().signal));
    expect(Object.keys(workspace.files())).toEqual(["docs/new.md", "src/main.py"]);
  });

  it("are those of the tools that it is given", () => {
    const look: Tool<{ at: string }> = {
      name: "look",
      description: "Looks.",
      schema: z.strictObject({ at: z.string() }),
      assess: () => Promise.reject(new Error("unused")),
      async *run(args) {
        yield { type: "result", output: args.at, metadata: { exit_code: 0, duration_seconds: 0 } };
      },
    };
    const box = createToolbox([look]);
    expect(box.specs.map(({ name }) => name)).toEqual(["look"]);
    expect(box.parse("look", '{"at":"x"}').name).toBe("look");
  });
});

describe("a call", () => {
  it.each([
    ["exec", "{}", /no tool named "exec"\. The tools are: shell, apply_patch\./],
    ["shell", '{"command": ["ls"', /shell: expected the arguments as a JSON object, got invalid JSON/],
    ["shell", "", /invalid JSON/],
    ["shell", "[]", /got an array/],
    ["shell", "null", /got null/],
    ["shell", '"ls"', /got a string/],
    ["shell", "{}", /shell: the arguments do not fit\. command: .*expected array, received undefined/],
    ["shell", '{"command": []}', /command: .*>=1 items/],
    ["shell", '{"command": ["ls", 1]}', /command\.1: .*expected string, received number/],
    ["shell", '{"command": [""]}', /command: the program's name must not be empty/],
    ["shell", '{"command": ["a\\u0000b"]}', /command\.0: must not contain a NUL character/],
    ["shell", '{"command": ["ls"], "timeout_ms": "5s"}', /timeout_ms: .*expected number, received string/],
    ["shell", '{"command": ["ls"], "env": {}}', /arguments: Unrecognized key: "env"/],
    ["apply_patch", "{}", /apply_patch: .*input: .*expected string/],
  ])("of %s with %s is refused in words", (name, args, says) => {
    expect(() => toolbox.parse(name, args)).toThrow(
      expect.objectContaining({ name: "ToolError", message: expect.stringMatching(says) }),
    );
  });

  it("of apply_patch may name its argument patch", async () => {
    const call = toolbox.parse("apply_patch", JSON.stringify({ patch: PATCH }));
    expect(await call.assess(workspace.context)).toMatchObject({ effect: "edit", patch: PATCH });
  });
});

describe("a shell call", () => {
  const heredoc = (head: string, word = "EOF") => `${head}\n${PATCH}\n${word}`;

  it.each([
    ["with the patch as argument", { command: ["apply_patch", PATCH] }, "x.txt"],
    ["under its other name", { command: ["applypatch", PATCH] }, "x.txt"],
    ["as a here-document", { command: ["bash", "-lc", heredoc("apply_patch <<'EOF'")] }, "x.txt"],
    ["with an unquoted word", { command: ["bash", "-c", heredoc("apply_patch << EOF")] }, "x.txt"],
    [
      "with any word",
      { command: ["sh", "-c", heredoc('applypatch <<"PATCH_1"', "PATCH_1") + "\n"] },
      "x.txt",
    ],
    ["as one string", { command: heredoc("\napply_patch <<'EOF'") }, "x.txt"],
    ["with tabs before the end", { command: heredoc("apply_patch <<-'EOF'", "\tEOF") }, "x.txt"],
    ["in a folder", { command: ["apply_patch", PATCH], workdir: "sub" }, "sub/x.txt"],
    ["after cd", { command: heredoc("cd sub && apply_patch <<'EOF'") }, "sub/x.txt"],
    ["after cd to a quoted folder", { command: heredoc("cd './sub' && apply_patch <<'EOF'") }, "sub/x.txt"],
    ["after cd in a folder", { command: heredoc("cd .. && apply_patch <<'EOF'"), workdir: "sub" }, "x.txt"],
  ])("of apply_patch %s is a patch", async (_, args, path) => {
    const call = toolbox.parse("shell", JSON.stringify(args));
    expect(call.name).toBe("apply_patch");
    const assessment = await call.assess(workspace.context);
    expect(assessment).toMatchObject({ effect: "edit", files: [{ path }] });
    await collect(call.run(workspace.context, new AbortController().signal));
    expect(workspace.files()).toEqual({ "a.txt": "a\n", [path]: "costs $HOME `x` \\n\n" });
  });

  it("of apply_patch after cd to an absolute folder is a patch there, or is refused", async () => {
    const inside = heredoc(`cd ${workspace.path}/sub && apply_patch <<'EOF'`);
    const call = toolbox.parse("shell", JSON.stringify({ command: inside }));
    expect(await call.assess(workspace.context)).toMatchObject({ files: [{ path: "sub/x.txt" }] });
    const outside = toolbox.parse(
      "shell",
      JSON.stringify({ command: heredoc("cd /tmp && apply_patch <<'EOF'") }),
    );
    await expect(outside.assess(workspace.context)).rejects.toThrow(/inside the workspace/);
  });

  it.each([
    ["has another command after it", `${heredoc("apply_patch <<'EOF'")}\nrm -rf x`],
    ["has another command after the first end", `${heredoc("apply_patch <<'EOF'")}\nrm -rf x\nEOF`],
    ["has another command before it", `ls\n${heredoc("apply_patch <<'EOF'")}`],
    ["has another command beside it", heredoc("apply_patch <<'EOF' && rm -rf x")],
    ["has a substitution in its folder", heredoc("cd \"$(id)\" && apply_patch <<'EOF'")],
    ["has a variable in its folder", heredoc("cd $HOME && apply_patch <<'EOF'")],
    ["goes back to another folder", heredoc("cd - && apply_patch <<'EOF'")],
    ["goes on when cd fails", heredoc("cd sub ; apply_patch <<'EOF'")],
    ["writes elsewhere", heredoc("apply_patch <<'EOF' > log")],
    ["never ends", `apply_patch <<'EOF'\n${PATCH}`],
    ["has no patch", "apply_patch <<'EOF'"],
    ["runs another program", heredoc("./apply_patch <<'EOF'")],
  ])("that %s stays a shell call", (_, command) => {
    expect(toolbox.parse("shell", JSON.stringify({ command })).name).toBe("shell");
  });

  it("with more arguments than a patch stays a shell call", () => {
    const parse = (command: string[]) => toolbox.parse("shell", JSON.stringify({ command })).name;
    expect(parse(["apply_patch", PATCH, "x"])).toBe("shell");
    expect(parse(["apply_patch"])).toBe("shell");
    expect(parse(["bash", "-c", heredoc("apply_patch <<'EOF'"), "name"])).toBe("shell");
  });
});
