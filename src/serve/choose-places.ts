import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Logger } from "pino";
import { PACKAGE_FOLDER, PROGRAM_PATHS, USER_WORKER } from "../built-files.ts";
import type { Config } from "../config/config.ts";
import type { SandboxMode } from "../contract/message.ts";
import type { Place } from "../contract/sandbox.ts";
import type { AsUser } from "../contract/tool.ts";
import { Places } from "../places.ts";
import { createAsUser } from "../sandboxes/as-user.ts";
import { pickSandbox } from "../sandboxes/pick.ts";
import { isInside } from "../sandboxes/protected-paths.ts";
import { secretPlaces } from "../sandboxes/secret-places.ts";

/** The server's own folder and sandbox, and those that sessions may ask for. Warnings about the own one are said. */
export async function choosePlaces(
  config: Config,
  logger: Logger,
): Promise<{ own: Place; places: Places; asUser: AsUser | undefined }> {
  const pick = (mode: SandboxMode, workspace: string) =>
    pickSandbox({
      mode,
      workspace,
      hiddenPaths: hiddenPaths(config),
      readOnlyPaths: readOnlyPaths(config),
      network: config.sandboxNetwork === "on",
      user: config.sandboxUser,
      environment: config.environment,
    });
  const { sandbox, identity, warnings } = await pick(config.sandbox, config.workspace);
  for (const warning of warnings) logger.warn(warning);
  const own = { workspace: realpathSync(config.workspace), sandbox };
  warnOfOwnFolder(own, logger);
  const createSandbox = async (mode: SandboxMode, workspace: string) => (await pick(mode, workspace)).sandbox;
  return {
    own,
    places: new Places({ own, roots: config.workRoots, createSandbox }),
    asUser: identity && createAsUser(identity, USER_WORKER),
  };
}

/** What starts the server is not protected: scripts, settings of npm, and their like. */
function warnOfOwnFolder({ workspace, sandbox }: Place, logger: Logger): void {
  if (workspace !== PACKAGE_FOLDER && !isInside(workspace, PACKAGE_FOLDER)) return;
  if (sandbox.mode !== "workspace-write") return;
  logger.warn(
    `WORKING_DIRECTORY: the agent works in ${workspace}, where this server lies. It cannot change the program that runs, ` +
      "but all else, such as package.json, which npm start obeys. Set WORKING_DIRECTORY to the folder of your project.",
  );
}

/** What no command and no patch may change, nor make where it is missing: the server obeys it, or runs it. */
export function readOnlyPaths({ envFile }: Pick<Config, "envFile">): string[] {
  return [...new Set([envFile, withoutLinks(envFile), ...PROGRAM_PATHS])];
}

function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Up to the first folder that is there.
    return dirname(path) === path ? path : join(withoutLinks(dirname(path)), basename(path));
  }
}

/** What no command may read and no patch may touch. */
export const hiddenPaths = (config: Config): string[] => [
  ...Object.values(hiddenSettings(config)).filter((path) => path !== undefined),
  ...secretPlaces(),
];

/** Which of it the settings name, and how. */
export const hiddenSettings = (config: Config): Record<string, string | undefined> => ({
  "--env-file": config.envFile,
  SESSION_STORE_PATH: config.sessionStorePath,
  GOOGLE_APPLICATION_CREDENTIALS: config.googleCredentialsPath,
  TLS_KEY_PATH: config.tlsKeyPath,
  CODEX_HOME: config.codexHome,
});
