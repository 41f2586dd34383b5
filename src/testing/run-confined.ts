import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import { confined } from "./confined.ts";
import { runCommand } from "./run-command.ts";

/** A server in small: prints what a command of each sandbox sees of descriptors that this process inherited. */
const { sandbox, workspace } = await confined();
const see = async (chosen: typeof sandbox) => {
  const script = "ls /proc/self/fd; cat <&7";
  const { stdout, stderr } = await runCommand(chosen, ["bash", "-c", script], { cwd: workspace });
  return stdout + stderr;
};
process.stdout.write(
  JSON.stringify({ bubblewrap: await see(sandbox), unconfined: await see(createUnconfinedSandbox()) }),
);
