import { describe, expect, it } from "vitest";
import { runnableVector, scriptOf } from "./argv.ts";

const PLAIN = ["bash", "--noprofile", "--norc"];

describe("the vector that is run", () => {
  it.each<[[string, ...string[]], string[]]>([
    [
      ["bash", "-lc", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["bash", "-c", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["sh", "-c", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["/bin/bash", "-cl", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["/usr/bin/sh", "-lic", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["bash", "-l", "-c", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["bash", "--login", "-c", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["bash", "--noprofile", "--norc", "-c", "ls"],
      [...PLAIN, "-c", "ls"],
    ],
    [
      ["bash", "-euc", "ls"],
      [...PLAIN, "-eu", "-c", "ls"],
    ],
    [
      ["bash", "-leuo", "pipefail", "-c", "ls"],
      [...PLAIN, "-euo", "pipefail", "-c", "ls"],
    ],
    [
      ["bash", "-lc", "echo $1", "x", "-l"],
      [...PLAIN, "-c", "echo $1", "x", "-l"],
    ],
    [
      ["bash", "-lc", "-l"],
      [...PLAIN, "-c", "-l"],
    ],
    [
      ["bash", "--rcfile", "x", "-ic", "ls"],
      [...PLAIN, "--rcfile", "x", "-ic", "ls"],
    ],
    [
      ["bash", "-l", "run.sh"],
      [...PLAIN, "-l", "run.sh"],
    ],
    [
      ["bash", "-lc"],
      [...PLAIN, "-lc"],
    ],
    [
      ["bash", "run.sh", "-c", "x"],
      ["bash", "run.sh", "-c", "x"],
    ],
    [
      ["ls", "-lc", "x"],
      ["ls", "-lc", "x"],
    ],
    [
      ["./bash", "x"],
      ["./bash", "x"],
    ],
    [
      ["git", "status"],
      ["git", "status"],
    ],
  ])("of %j is %j", (command, argv) => {
    expect(runnableVector(command)).toEqual(argv);
  });
});

describe("the script of a vector", () => {
  it.each<[[string, ...string[]], string | undefined]>([
    [["bash", "-lc", "ls"], "ls"],
    [["sh", "-c", "ls"], "ls"],
    [["bash", "-c", "ls", "name"], undefined],
    [["bash", "run.sh"], undefined],
    [["ls"], undefined],
  ])("of %j is %j", (command, script) => {
    expect(scriptOf(command)).toBe(script);
  });
});
