import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCodexTerminal, prompt } from "../testing/codex-terminal.ts";
import { type FakeProvider, startFakeProvider } from "../testing/fake-provider.ts";
import { anthropic } from "./fixtures/anthropic.ts";
import { google } from "./fixtures/google.ts";
import { openai } from "./fixtures/openai.ts";
import { startTestBed, type TestBed } from "./test-bed.ts";

const FIXTURES = [openai, anthropic, google];

let provider: FakeProvider;
let bed: TestBed;
beforeAll(async () => {
  provider = await startFakeProvider();
  const environments = FIXTURES.map((fixture) => fixture.environment(provider.url));
  bed = await startTestBed(Object.assign({ MODEL: "scripted" }, ...environments));
});
afterAll(async () => {
  await bed.close();
  await provider.close();
});

const shell = (id: string, script: string) =>
  ({ id, name: "shell", arguments: { command: ["bash", "-lc", script] } }) as const;

const addFile = (id: string, name: string, line: string) => {
  const input = `*** Begin Patch\n*** Add File: ${name}\n+${line}\n*** End Patch`;
  return { id, name: "apply_patch", arguments: { input } } as const;
};

const inWorkspace = (name: string) => join(bed.workspace, name);

test.each(FIXTURES)(
  "Codex's terminal client works with a model of $name: answers, approvals, a patch, an interrupted turn",
  { timeout: 120_000 },
  async (fixture) => {
    const { model } = fixture;
    const url = bed.server.url.slice(0, -1);
    const home = join(bed.workspace, "..", `home-${model}`);
    const terminal = await openCodexTerminal({ url, model, workspace: bed.workspace, home });
    try {
      provider.script(fixture.text("The answer is in the attic."));
      await prompt(terminal, "where is it");
      const greeted = await terminal.shows(/The answer is in the attic\./);
      expect(greeted).not.toMatch(/warning/i);

      const [made, denied, patched] = [`made-${model}`, `denied-${model}`, `patched-${model}.txt`];
      provider.script(
        fixture.calls(shell("call_1", `touch ${made} && echo out of the shed`)),
        fixture.text("It is made."),
      );
      await prompt(terminal, "make a file");
      await terminal.shows(/Would you like to run the following command\?[^]*touch made/);
      expect(existsSync(inWorkspace(made))).toBe(false);
      terminal.press("y");
      expect(await terminal.shows(/It is made\./)).toMatch(/out of the shed/);
      expect(existsSync(inWorkspace(made))).toBe(true);

      provider.script(fixture.calls(shell("call_2", `touch ${denied}`)), fixture.text("Then it is left."));
      await prompt(terminal, "make another one");
      await terminal.shows(/Would you like to run the following command\?[^]*touch denied/);
      terminal.press("d");
      await terminal.shows(/Then it is left\./);
      expect(existsSync(inWorkspace(denied))).toBe(false);

      provider.script(
        fixture.calls(addFile("call_3", patched, "a line of the patch")),
        fixture.text("It is patched."),
      );
      await prompt(terminal, "write it down");
      await terminal.shows(/a line of the patch[^]*Would you like to make the following edits\?/);
      expect(existsSync(inWorkspace(patched))).toBe(false);
      terminal.press("y");
      await terminal.shows(/It is patched\./);
      expect(await readFile(inWorkspace(patched), "utf8")).toBe("a line of the patch\n");

      provider.script(fixture.begin("Once upon a time there was a mill"), fixture.text("That was all."));
      await prompt(terminal, "tell a tale");
      await terminal.shows(/Once upon a time/);
      terminal.press("Escape");
      await terminal.shows(/Conversation interrupted/);
      await provider.abandoned();
      await prompt(terminal, "and the end");
      await terminal.shows(/That was all\./);

      await prompt(terminal, "/quit");
      expect(await terminal.exitCode()).toBe(0);
    } finally {
      terminal.close();
    }
  },
);
