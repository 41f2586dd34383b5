import type { Sandbox } from "../contract/sandbox.ts";
import { pickSandbox } from "../sandboxes/pick.ts";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { runCommand } from "./run-command.ts";

/** A server in small: prints what a command of each sandbox sees of descriptors that this process inherited. */
const workspace = process.argv[2] ?? "";
const { sandbox } = await pickSandbox({
  mode: "workspace-write",
  workspace,
  hiddenPaths: [],
  network: false,
});

async function see(chosen: Sandbox): Promise<string> {
  const script = "ls /proc/self/fd; cat <&40";
  const { stdout, stderr } = await runCommand(chosen, ["bash", "-c", script], { cwd: workspace });
  return stdout + stderr;
}

const seen = { bubblewrap: await see(sandbox), unconfined: await see(createUnconfinedSandbox()) };
process.stdout.write(JSON.stringify(seen));
