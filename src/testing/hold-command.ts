import { pickSandbox } from "../sandboxes/pick.ts";
import { runCommand } from "./run-command.ts";

/** A server in small, to be killed: keeps a command running in the sandbox. */
const [workspace = "", seconds = ""] = process.argv.slice(2);
const { sandbox } = await pickSandbox({
  mode: "workspace-write",
  workspace,
  hiddenPaths: [],
  network: false,
});
const script = `setsid sleep ${seconds} & echo up; wait`;
await runCommand(sandbox, ["bash", "-c", script], {
  cwd: workspace,
  onOutput: () => process.stdout.write("up"),
});
