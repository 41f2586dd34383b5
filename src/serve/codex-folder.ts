import { lstatSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";

/** A folder for the engine's processes. Nothing in it outlives the server: the sessions' logs are all that it needs. */
export function createCodexFolder(logger: Pick<Logger, "warn">): string {
  for (const path of leftBehind()) remove(path, logger);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`)));
  process.on("exit", () => remove(folder, logger));
  return folder;
}

/** Process ids say nothing outside of their namespace, and containers may share a folder. */
const PREFIX = `agentloop-codex-${pidNamespace()}-`;

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}

/** The folders of servers that were killed. */
function leftBehind(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX) && !isRunning(Number.parseInt(name.slice(PREFIX.length), 10)))
    .map((name) => join(tmpdir(), name))
    .filter(isOurs);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** What another user has put there is not ours to follow. */
function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

/** A command may have made a folder that nobody may enter: it then stays. */
function remove(path: string, logger: Pick<Logger, "warn">): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    logger.warn({ err: error }, `the codex engine's folder ${path} could not be removed`);
  }
}
