const SHELL = /^(?:\/(?:usr\/)?bin\/)?(?:ba)?sh$/;
/** Options that would make it a login or interactive shell, or that are given anyway. */
const STARTUP_OPTIONS = new Set(["-l", "-i", "--login", "--noprofile", "--norc"]);

interface ShellScript {
  /** The shell's other options, for example `-e` or `-o pipefail`. */
  options: string[];
  script: string;
  /** What stands after the script: `$0`, `$1`, ... */
  parameters: string[];
}

const WITHOUT_STARTUP_FILES = ["--noprofile", "--norc"];

/**
 * The vector that is really run: `bash -lc SCRIPT` and its like become `bash --noprofile --norc -c SCRIPT`, because a
 * start-up file is not part of what was approved. Every other vector stays as it is.
 */
export function runnableVector(command: readonly [string, ...string[]]): [string, ...string[]] {
  const shell = readShellScript(command);
  if (shell !== undefined) {
    return ["bash", ...WITHOUT_STARTUP_FILES, ...shell.options, "-c", shell.script, ...shell.parameters];
  }
  const [program, ...rest] = command;
  // Options that we do not know, one of which may ask for a login shell.
  if (/(?:^|\/)bash$/.test(program) && /^[-+]/.test(rest[0] ?? "")) {
    return [program, ...WITHOUT_STARTUP_FILES, ...rest];
  }
  return [...command];
}

/** The script of a `bash -c SCRIPT` vector without parameters. */
export function scriptOf(command: readonly [string, ...string[]]): string | undefined {
  const shell = readShellScript(command);
  return shell?.parameters.length === 0 ? shell.script : undefined;
}

function readShellScript([program, ...rest]: readonly [string, ...string[]]): ShellScript | undefined {
  if (!SHELL.test(program)) return undefined;
  const options: string[] = [];
  let hasScript = false;
  let index = 0;
  for (; index < rest.length && !hasScript; index++) {
    const option = rest[index] ?? "";
    if (STARTUP_OPTIONS.has(option)) continue;
    // Short options only; `-o` takes the next word.
    if (!/^-[abcefhiklmnptuvxEBCHPT]*o?$/.test(option) || option === "-") return undefined;
    hasScript = option.includes("c");
    const kept = option.replace(/[lic]/g, "");
    if (kept !== "-") options.push(kept);
    if (!option.endsWith("o")) continue;
    const name = rest[++index];
    if (name === undefined) return undefined;
    options.push(name);
  }
  const script = rest[index];
  if (!hasScript || script === undefined) return undefined;
  return { options, script, parameters: rest.slice(index + 1) };
}
