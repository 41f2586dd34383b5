import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { collect, createTestWorkspace } from "../tools/test-workspace.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { attacks } from "./attack.suite.ts";
import { exists, SECRET } from "./ground.ts";

interface Runner {
  workspace: string;
  outside: string;
  /** Runs a script if it needs no approval, and resolves with what it printed. */
  readonly unasked: (script: string) => Promise<string>;
}

/** What an allow-list of programs knows. */
const HARMLESS = /^(?:ls|cat|echo|find|sort|git|sed|uniq|awk|grep|head|wc|diff)\b/;

function lay(needsNoApproval: "assessed" | "by its first word"): Runner {
  const made = createTestWorkspace({ file: "text\n", other: "words\n" }, createUnconfinedSandbox());
  onTestFinished(() => made.remove());
  writeFileSync(join(made.outside, "secret"), SECRET);
  symlinkSync(join(made.outside, "secret"), join(made.path, "notes"));
  return {
    workspace: made.path,
    outside: made.outside,
    async unasked(script) {
      const call = createToolbox().parse("shell", JSON.stringify({ command: ["bash", "-c", script] }));
      const { effect } = await call.assess(made.context);
      if (needsNoApproval === "assessed" ? effect !== "read" : !HARMLESS.test(script)) return "";
      const { result } = await collect(call.run(made.context, new AbortController().signal));
      return result.output;
    },
  };
}

const SIDES = { protected: () => lay("assessed"), unprotected: () => lay("by its first word") };

/** A script that leaves a file, were it run. */
const leaves =
  (script: string) =>
  async ({ unasked, workspace }: Runner) => {
    await unasked(script);
    return exists(join(workspace, "trace"));
  };

describe("a command that looks as if it only read", () => {
  attacks<Runner>(SIDES, {
    "goes on after a semicolon": leaves("ls; touch trace"),
    "goes on in another line": leaves("ls\ntouch trace"),
    "goes on where the first part fails": leaves("ls nothing || touch trace"),
    "goes on in the background": leaves("ls & touch trace; wait"),
    "writes its output to a file": leaves("echo x > trace"),
    "hands its output to one that writes": leaves("echo x | tee trace"),
    "holds another in its arguments": leaves("echo $(touch trace)"),
    "holds another in backquotes": leaves("echo `touch trace`"),
    "holds another in quotes": leaves('echo "$(touch trace)"'),
    "reads from another": leaves("cat <(touch trace)"),
    "holds another in a document": leaves("cat <<END\n$(touch trace)\nEND"),
    "holds another in a number": leaves("echo $((a[$(touch trace)]))"),
    "holds another in a default": leaves("echo ${nothing:-$(touch trace)}"),
    "is given another meaning first": leaves("ls() { touch trace; }; ls"),
    "has an option that runs a program": leaves("find . -maxdepth 0 -exec touch trace ';'"),
    "has an option that writes a file": leaves("sort -o trace file"),
    "has an option that writes a file, shortened": leaves("sort --outp=trace file"),
    "takes its second file for its output": leaves("uniq file trace"),
    "has a language that writes files": leaves("sed -n 'w trace' file"),
    "has a language that runs programs": leaves("sed '1e touch trace' file"),
    "is an interpreter": leaves(`awk 'BEGIN { system("touch trace") }'`),
    "is told by a setting to run a program": leaves("git -c alias.x='!touch trace' x"),
    "writes what it compares": leaves("git diff --no-index --output=trace file other"),
    "opens what it finds with a program": leaves("git grep --no-index -O'touch trace;:' text file"),
  });
});

describe("a command that reads more than it should", () => {
  const reveals = (script: (runner: Runner) => string) => async (runner: Runner) =>
    (await runner.unasked(script(runner))).includes(SECRET);
  attacks<Runner>(SIDES, {
    "names a file outside of the workspace": reveals(({ outside }) => `cat ${outside}/secret`),
    "names it by dots": reveals(() => "cat ../outside/secret"),
    "names it by a variable": reveals(() => 'cat "$PWD/../outside/secret"'),
    "names it by a pattern": reveals(() => "cat ../out*/secret"),
    "names it by letters in braces": reveals(() => "cat .{.,}/outside/secret"),
    "names a link to it": reveals(() => "cat notes"),
    "finds the link while it searches": reveals(() => "grep -R secret ."),
    "names a file whose name says that it is secret": (runner) => {
      writeFileSync(join(runner.workspace, ".env"), SECRET);
      return reveals(() => "cat .env")(runner);
    },
    "searches the folder that it lies in": (runner) => {
      writeFileSync(join(runner.workspace, "credentials.json"), SECRET);
      return reveals(() => "grep -r secret .")(runner);
    },
  });
});
