import { expect, it } from "vitest";
import { commandLine, scriptOf, wordOf } from "./command.ts";

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

it("a command is written as a person would, unless what runs it is no shell that is known", () => {
  expect(commandLine(["bash", "-lc", "ls | wc"])).toBe("ls | wc");
  expect(commandLine(["./bash", "-c", "ls"])).toBe("./bash -c ls");
  expect(commandLine(["rm", "-r", "a b"])).toBe("rm -r 'a b'");
});
