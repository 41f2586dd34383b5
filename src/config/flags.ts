import { closest } from "fastest-levenshtein";

/** What the command line says. Its values are still text: they are checked with all others. */
export interface Flags {
  /** By the variable that each stands for, with the flag that it came from. */
  values: Map<string, { value: string; flag: string }>;
  /** A file that takes the place of the `.env` in the start folder. */
  envFile?: { path: string; mustExist: boolean };
  help: boolean;
  version: boolean;
  /** What is wrong with the command line, one line each. */
  problems: string[];
}

interface Flag {
  short?: string;
  /** What must follow it, in capitals; in brackets: what may follow it. */
  argument?: string;
  help: string;
  apply(flags: Flags, value: string): void;
}

const BYPASS = "--dangerously-bypass-approvals-and-sandbox";

const FLAGS: Record<string, Flag> = {
  "--addr": { short: "-a", argument: "HOST:PORT", help: "where to listen", apply: applyAddress },
  "--host": { argument: "HOST", help: "the address to listen on", apply: sets("HOST", "--host") },
  "--port": { argument: "PORT", help: "the port to listen on", apply: sets("PORT", "--port") },
  "--model": { argument: "MODEL", help: "the model of new sessions", apply: sets("MODEL", "--model") },
  "--env-file": {
    argument: "FILE",
    help: "read settings from this file, not from .env",
    apply: (flags, path) => {
      flags.envFile = { path, mustExist: true };
    },
  },
  "--env-file-if-exists": {
    argument: "FILE",
    help: "the same, where the file may be missing",
    apply: (flags, path) => {
      flags.envFile = { path, mustExist: false };
    },
  },
  [BYPASS]: {
    argument: "[true|false]",
    help: "run everything that the model asks for, unasked and unconfined",
    apply: applyBypass,
  },
  "--help": { short: "-h", help: "show this", apply: (flags) => void (flags.help = true) },
  "--version": { short: "-v", help: "show the version", apply: (flags) => void (flags.version = true) },
};

/** Reads the arguments after the script's name. */
export function parseFlags(argv: readonly string[]): Flags {
  const flags: Flags = { values: new Map(), help: false, version: false, problems: [] };
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name = argument, attached] = /^(--[^=]+)=(.*)$/s.exec(argument) ?? [];
    const long = Object.keys(FLAGS).find((known) => known === name || FLAGS[known]?.short === name);
    const flag = long === undefined ? undefined : FLAGS[long];
    if (long === undefined || flag === undefined) {
      flags.problems.push(unknown(name));
      // What follows a mistyped flag belongs to it.
      if (name.startsWith("-") && attached === undefined && rest[0]?.startsWith("-") === false) rest.shift();
    } else applyFlag(flags, { ...flag, name: long }, attached ?? following(flag, rest));
  }
  return flags;
}

/** Parts the flags that name the file of settings, wherever they stand, from what else the command line says. */
export function splitEnvFlags(argv: readonly string[]): { envFlags: string[]; rest: string[] } {
  const isEnvFlag = (argument = "") => /^--env-file(-if-exists)?(=|$)/.test(argument);
  const isEnvArgument = (at: number) =>
    isEnvFlag(argv[at]) || (isEnvFlag(argv[at - 1]) && argv[at - 1]?.includes("=") === false);
  return {
    envFlags: argv.filter((_, at) => isEnvArgument(at)),
    rest: argv.filter((_, at) => !isEnvArgument(at)),
  };
}

/** Takes the next argument if it belongs to the flag. */
function following({ argument }: Flag, rest: string[]): string | undefined {
  const next = rest[0];
  if (argument === undefined || next === undefined) return undefined;
  const belongs = argument.startsWith("[") ? /^(true|false)$/.test(next) : !next.startsWith("--");
  return belongs ? rest.shift() : undefined;
}

function applyFlag(flags: Flags, flag: Flag & { name: string }, value: string | undefined): void {
  const { name, argument } = flag;
  if (argument === undefined && value !== undefined) {
    flags.problems.push(`${name}: expected nothing after it, got ${JSON.stringify(value)}`);
  } else if (argument !== undefined && !argument.startsWith("[") && (value ?? "") === "") {
    flags.problems.push(`${name}: expected ${argument} after it, got nothing`);
  } else {
    flag.apply(flags, value ?? "true");
  }
}

function unknown(argument: string): string {
  if (!argument.startsWith("-")) return `${argument}: expected a flag; see --help`;
  const known = closest(argument, Object.keys(FLAGS));
  return `${argument}: unknown flag; the nearest is ${known}, and --help shows all`;
}

function sets(variable: string, flag: string) {
  return (flags: Flags, value: string) => void flags.values.set(variable, { value, flag });
}

function applyAddress(flags: Flags, value: string): void {
  const [, host, port] = /^(.+):(\d+)$/.exec(value) ?? [];
  if (host === undefined || port === undefined) {
    const got = JSON.stringify(value);
    flags.problems.push(`--addr: expected HOST:PORT such as 127.0.0.1:8080, got ${got}`);
    return;
  }
  sets("HOST", "--addr")(flags, host);
  sets("PORT", "--addr")(flags, port);
}

function applyBypass(flags: Flags, value: string): void {
  if (value === "true") {
    sets("APPROVAL_POLICY", BYPASS)(flags, "full-auto");
    sets("SANDBOX", BYPASS)(flags, "danger-full-access");
  } else if (value !== "false") {
    flags.problems.push(`${BYPASS}: expected true or false, got ${JSON.stringify(value)}`);
  }
}

/** The text of `--help`, with its last line break. */
export function helpText(): string {
  const rows = Object.entries(FLAGS).map(([name, { short, argument, help }]) => {
    const names = short === undefined ? name : `${name}, ${short}`;
    return [argument === undefined ? names : `${names} ${argument}`, help] as const;
  });
  const lines = rows.map(([syntax, help]) =>
    syntax.length > 34 ? `  ${syntax}\n${" ".repeat(38)}${help}` : `  ${syntax.padEnd(36)}${help}`,
  );
  return [
    "AgentLoop Server: a coding agent behind an API.",
    "",
    "Usage: ws-server [serve] [flags], or ws-server COMMAND ...",
    "",
    ...lines,
    "",
    "Flags win over the environment, the environment over .env. ws-server.env.example has all variables.",
    "",
  ].join("\n");
}
