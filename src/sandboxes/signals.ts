import { constants } from "node:os";
import type { Exit } from "./exec.ts";

/**
 * The end of a process as a shell between it and us tells it: exit code 128 and the number of the signal. Not for
 * SIGHUP: programs exit with 129 for reasons of their own, git when it is called wrongly.
 */
export function exitThroughShell(exit: Exit): Exit {
  if (exit.exitCode === null || exit.exitCode <= 128 + constants.signals.SIGHUP) return exit;
  const number = exit.exitCode - 128;
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const signal = names.find((name) => constants.signals[name] === number);
  return signal === undefined ? exit : { ...exit, exitCode: null, signal };
}
