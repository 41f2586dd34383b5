import { expect, test } from "vitest";
import { helpText, parseFlags, splitEnvFlags } from "./flags.ts";

test.each([
  [
    ["--env-file", "x", "sessions", "--json"],
    ["--env-file", "x"],
    ["sessions", "--json"],
  ],
  [["show", "1", "--env-file-if-exists=x"], ["--env-file-if-exists=x"], ["show", "1"]],
  [["config", "--env-file"], ["--env-file"], ["config"]],
  [["sessions"], [], ["sessions"]],
])("of %j the file of settings is %j", (argv, envFlags, rest) => {
  expect(splitEnvFlags(argv)).toEqual({ envFlags, rest });
});

test("help and version are told from a start", () => {
  expect(parseFlags(["-h"])).toMatchObject({ help: true, version: false, problems: [] });
  expect(parseFlags(["--version"])).toMatchObject({ help: false, version: true, problems: [] });
});

test("the help names every flag and what must follow it", () => {
  for (const flag of [
    "--addr, -a HOST:PORT",
    "--env-file FILE",
    "--model MODEL",
    "sandbox [true|false]",
    "--help, -h",
  ]) {
    expect(helpText()).toContain(flag);
  }
});
