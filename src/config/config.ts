import { accessSync, constants, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isIPv4 } from "node:net";
import { isAbsolute, relative, resolve } from "node:path";
import { parse } from "dotenv";
import type { Flags } from "./flags.ts";
import { keyFileSecrets } from "./key-file.ts";
import { hidden, masked, quote, type Secret, shown } from "./masked.ts";
import { GUARDED_FAMILIES, type Setting, SETTINGS, type Settings } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** How this server was told to run. Paths are absolute, times in milliseconds. */
export interface Config extends Settings {
  /** The file that settings are read from, as it was named. It need not be there. */
  readonly envFile: string;
  /** Also those that another source overrode. */
  readonly secrets: readonly Secret[];
  /** The process's own environment. */
  readonly environment: Environment;
  /** Every setting as it is in force, for people. */
  readonly effective: readonly EffectiveSetting[];
}

interface EffectiveSetting {
  /** The variable. */
  name: string;
  /** As it would be written in the environment; of a secret only its length. Undefined when it is not set. */
  value: string | undefined;
  /** A flag, `environment`, the file, or `default`. */
  from: string;
}

/** Every problem with the configuration, one line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

interface Start {
  environment?: Environment;
  /** The folder that relative paths are relative to. */
  folder?: string;
}

/** Flags win over the environment, the environment over the env file. Throws ConfigError. */
export function loadConfig(
  flags: Flags,
  { environment = process.env, folder = process.cwd() }: Start = {},
): Config {
  const problems = [...flags.problems];
  const envFile = readEnvFile(flags, folder, problems);
  const sources: Source[] = [
    { values: flags.values, from: (name) => flags.values.get(name)?.flag },
    { values: toValues(environment), from: () => undefined },
    { values: envFile?.values ?? new Map(), from: () => envFile?.shown },
  ];
  const reader = new Reader(sources, folder, problems);
  if (envFile?.implicit) problems.push(...guardProblems(envFile, reader.trustedWorkspace()));
  const settings = reader.readAll();
  problems.push(...reachProblems(settings), ...tlsProblems(settings));
  const secrets = [...secretsOf(sources), ...keyFileSecrets(settings, problems)];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => masked(problem, secrets)));
  return Object.freeze({
    ...settings,
    instructions: joinInstructions(settings),
    envFile: resolve(folder, envFileName(flags)),
    secrets: Object.freeze(secrets),
    environment: Object.freeze({ ...environment }),
    effective: Object.freeze(reader.effective(secrets)),
  });
}

type Values = ReadonlyMap<string, { value: string }>;

interface Source {
  values: Values;
  /** Where the value came from, in words; undefined where it goes without saying. */
  from: (name: string) => string | undefined;
}

const toValues = (environment: Environment): Values =>
  new Map(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, { value: value.trim() }] as const],
    ),
  );

interface EnvFile {
  /** Links resolved. */
  path: string;
  /** As the user wrote it. */
  shown: string;
  values: Values;
  /** Nobody named it: it was found in the start folder. */
  implicit: boolean;
}

const envFileName = ({ envFile }: Flags): string => envFile?.path ?? ".env";

function readEnvFile(flags: Flags, folder: string, problems: string[]): EnvFile | undefined {
  const shown = envFileName(flags);
  const named = resolve(folder, shown);
  const mustExist = flags.envFile?.mustExist === true;
  try {
    const path = realpathSync(named);
    return {
      path,
      shown,
      values: toValues(parse(readFileSync(path))),
      implicit: flags.envFile === undefined,
    };
  } catch (error) {
    // A link to nothing is a file that somebody else may make.
    const isNothing = isMissing(error) && lstatSync(named, { throwIfNoEntry: false }) === undefined;
    if (mustExist || !isNothing) {
      const flag = mustExist ? "--env-file" : ".env";
      problems.push(`${flag}: expected a file that can be read, got ${quote(shown)} (${reasonOf(error)})`);
    }
    return undefined;
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

const reasonOf = (error: unknown) =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** A `.env` inside the workspace may be somebody else's: it came with what was cloned there. */
function guardProblems(envFile: EnvFile, workspace: string): string[] {
  if (!isInside(workspace, envFile.path)) return [];
  const guardedNames = new Set(all().flatMap((setting) => (setting.guarded ? namesOf(setting) : [])));
  const refused = [...envFile.values.keys()].filter(
    (name) => guardedNames.has(name) || GUARDED_FAMILIES.test(name),
  );
  if (refused.length === 0) return [];
  return [
    `${refused.join(", ")}: not taken from the .env of the workspace, which may have come with a cloned repository. ` +
      "If it is yours, start with --env-file .env",
  ];
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

const all = (): Setting[] => Object.values(SETTINGS);

const namesOf = ({ name, aliases = [] }: Setting) => [name, ...aliases];

/** Finds, checks and converts the values. */
class Reader {
  readonly #sources: readonly Source[];
  readonly #folder: string;
  readonly #problems: string[];

  constructor(sources: readonly Source[], folder: string, problems: string[]) {
    this.#sources = sources;
    this.#folder = folder;
    this.#problems = problems;
  }

  readAll(): Settings {
    const values = Object.entries(SETTINGS).map(([field, setting]) => [field, this.#read(setting)]);
    return Object.fromEntries(values) as Settings;
  }

  /** Where the workspace is if one asks the flags and the environment alone: an env file cannot vouch for itself. */
  trustedWorkspace(): string {
    const [flags, environment] = this.#sources;
    const named = [flags, environment].map((source) => source?.values.get("WORKING_DIRECTORY")?.value);
    const path = resolve(this.#folder, named.find((value) => value) ?? ".");
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  }

  effective(secrets: readonly Secret[]): EffectiveSetting[] {
    return all().map((setting) => {
      const found = this.#find(setting);
      const value = found?.value ?? setting.default;
      return {
        name: found?.name ?? setting.name,
        value: value === undefined ? undefined : shown(setting, value, secrets),
        from: found === undefined ? "default" : (found.from ?? "environment"),
      };
    });
  }

  #read(setting: Setting): unknown {
    const found = this.#find(setting);
    const value = found?.value ?? setting.default;
    if (value === undefined) return undefined;
    const parsed = setting.schema.safeParse(value);
    if (!parsed.success) return this.#refuse(setting, found, setting.expected);
    if (setting.path === undefined || typeof parsed.data !== "string") return parsed.data;
    const path = resolve(this.#folder, parsed.data);
    return setting.path === "any" ? path : this.#existing(setting, found, path);
  }

  #find(setting: Setting): Found | undefined {
    for (const { values, from } of this.#sources) {
      const present = namesOf(setting).filter((name) => values.has(name));
      const name = present.find((each) => values.get(each)?.value !== "") ?? present[0];
      if (name === undefined) continue;
      const value = values.get(name)?.value ?? "";
      if (value === "" && !setting.emptyCounts) return undefined;
      return { name, value, from: from(name) };
    }
    return undefined;
  }

  #existing(setting: Setting, found: Found | undefined, path: string): string | undefined {
    try {
      const real = realpathSync(path);
      accessSync(real, constants.R_OK);
      const stats = statSync(real);
      if (setting.path === "folder" ? stats.isDirectory() : stats.isFile()) return real;
    } catch (error) {
      if (!isMissing(error)) return this.#refuse(setting, found, `${setting.expected} (${reasonOf(error)})`);
    }
    return this.#refuse(setting, found, setting.expected);
  }

  #refuse(setting: Setting, found: Found | undefined, expected: string): undefined {
    const { name, value, from } = found ?? {
      name: setting.name,
      value: setting.default ?? "",
      from: "default",
    };
    const got = setting.secret ? hidden(value) : quote(value);
    const origin = from === undefined ? "" : ` (from ${from})`;
    this.#problems.push(`${name}: expected ${expected}, got ${got}${origin}`);
  }
}

interface Found {
  name: string;
  value: string;
  from: string | undefined;
}

const MIN_TOKEN_LENGTH = 32;

/** Whoever reaches the port can have commands run here. */
function reachProblems({ host, authToken }: Settings): string[] {
  if (host === undefined || isLoopback(host) || (authToken?.length ?? 0) >= MIN_TOKEN_LENGTH) return [];
  const got = authToken === undefined ? "none" : `one of ${authToken.length}`;
  return [
    `AUTH_TOKEN: expected a token of at least ${MIN_TOKEN_LENGTH} characters, got ${got}: with HOST=${host} every ` +
      "machine that reaches this port could have commands run here. Make one with: openssl rand -hex 32",
  ];
}

/** A half of it would leave the port open to eavesdroppers whom nobody expects. */
function tlsProblems({ tls, tlsKeyPath, tlsCertPath }: Settings): string[] {
  const isAsked = tls === "true" || (tls === undefined && (tlsKeyPath ?? tlsCertPath) !== undefined);
  if (!isAsked || (tlsKeyPath !== undefined && tlsCertPath !== undefined)) return [];
  const missing = tlsKeyPath === undefined ? "TLS_KEY_PATH" : "TLS_CERT_PATH";
  return [`${missing}: expected both TLS_KEY_PATH and TLS_CERT_PATH for TLS, got nothing`];
}

const isLoopback = (host: string) =>
  host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));

function joinInstructions({ instructions, instructionsFilePath }: Settings): string {
  const file = instructionsFilePath === undefined ? "" : readFileSync(instructionsFilePath, "utf8").trim();
  return [file, instructions].filter((part) => part !== "").join("\n\n");
}

function secretsOf(sources: readonly Source[]): Secret[] {
  const secrets = new Map<string, Secret>();
  const names = all().flatMap((setting) => (setting.secret ? namesOf(setting) : []));
  for (const name of names) {
    for (const { values } of sources) {
      const value = values.get(name)?.value ?? "";
      if (value !== "" && !secrets.has(value)) secrets.set(value, { name, value });
    }
  }
  return [...secrets.values()];
}
