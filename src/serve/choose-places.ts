import { realpathSync } from "node:fs";
import type { Logger } from "pino";
import { USER_WORKER } from "../built-files.ts";
import type { Config } from "../config/config.ts";
import type { SandboxMode } from "../contract/message.ts";
import type { Place } from "../contract/sandbox.ts";
import type { AsUser } from "../contract/tool.ts";
import { Places } from "../places.ts";
import { createAsUser } from "../sandboxes/as-user.ts";
import { pickSandbox } from "../sandboxes/pick.ts";
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
      network: config.sandboxNetwork === "on",
      user: config.sandboxUser,
      environment: config.environment,
    });
  const { sandbox, identity, warnings } = await pick(config.sandbox, config.workspace);
  for (const warning of warnings) logger.warn(warning);
  const own = { workspace: realpathSync(config.workspace), sandbox };
  const createSandbox = async (mode: SandboxMode, workspace: string) => (await pick(mode, workspace)).sandbox;
  return {
    own,
    places: new Places({ own, roots: config.workRoots, createSandbox }),
    asUser: identity && createAsUser(identity, USER_WORKER),
  };
}

/** What no command may read and no patch may touch. */
export const hiddenPaths = ({
  envFile,
  sessionStorePath,
  googleCredentialsPath,
  tlsKeyPath,
}: Config): string[] => [
  ...[envFile, sessionStorePath, googleCredentialsPath, tlsKeyPath].filter((path) => path !== undefined),
  ...secretPlaces(),
];
