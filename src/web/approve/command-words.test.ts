import { expect, it } from "vitest";
import { exceedsHeadline, headline, scriptOf, wordOf } from "./command-words.ts";

it("the script of a shell is told from its shell", () => {
  expect(scriptOf(["bash", "-lc", "ls | wc"])).toEqual({ shell: ["bash", "-lc"], text: "ls | wc" });
  expect(scriptOf(["/bin/sh", "-c", "ls"])?.text).toBe("ls");
  expect(scriptOf(["bash", "-c", "echo $0", "x"])).toBeUndefined();
  expect(scriptOf(["./bash", "-c", "ls"])).toBeUndefined();
  expect(scriptOf(["python3", "-c", "print(1)"])).toBeUndefined();
});

it("a word shows where it ends", () => {
  expect(["a/b.ts", "two words", "", "it's", "a\nb", "-x"].map(wordOf)).toEqual([
    "a/b.ts",
    "'two words'",
    "''",
    "'it'\\''s'",
    "'a\nb'",
    "-x",
  ]);
});

it("a heading says that there is more", () => {
  expect(headline(["bash", "-lc", "#!/bin/bash\nset -e\n\n  cd x\nrm -rf y"])).toBe("cd x …");
  expect(headline(["git", "commit", "-m", "two words"])).toBe("git commit -m 'two words'");
  expect(exceedsHeadline(["bash", "-c", "ls"])).toBe(false);
  expect(exceedsHeadline(["bash", "-c", "ls\nls"])).toBe(true);
  expect(exceedsHeadline(["echo", "x".repeat(90)])).toBe(true);
});
