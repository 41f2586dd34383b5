import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codexBinary } from "./codex-binary.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** A loaded machine takes its time to start a program of 200 MB. */
const DEADLINE_MS = 60_000;

interface CodexTerminalOptions {
  /** `ws://host:port`: the client takes no path. */
  url: string;
  model: string;
  /** Where it is started. */
  workspace: string;
  /** For what it keeps to itself. It must not be there yet. */
  home: string;
}

/** Codex's own terminal client in a terminal, when it is ready for a prompt. */
export async function openCodexTerminal({
  url,
  model,
  workspace,
  home,
}: CodexTerminalOptions): Promise<Terminal> {
  mkdirSync(home);
  writeFileSync(join(home, "config.toml"), configFor(workspace));
  const environment = ["env", "-C", workspace, `HOME=${home}`, `CODEX_HOME=${home}`];
  const client = [process.execPath, codexBinary(), "--remote", url, "--model", model];
  const terminal = openTerminal([...environment, ...client], { deadlineMs: DEADLINE_MS });
  try {
    await terminal.shows(new RegExp(`${model} .*· /`));
  } catch (error) {
    terminal.close();
    throw error;
  }
  return terminal;
}

/** Its guess that quick typing is a paste would keep an Enter from sending. */
const configFor = (workspace: string) => `
check_for_update_on_startup = false
disable_paste_burst = true
[projects.${JSON.stringify(workspace)}]
trust_level = "trusted"
`;

/** Types a prompt and sends it. */
export async function prompt(terminal: Terminal, text: string): Promise<void> {
  terminal.type(text);
  await terminal.shows(new RegExp(`› ${text}`));
  terminal.press("Enter");
}
