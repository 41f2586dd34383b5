import { existsSync } from "node:fs";
import { extname, join } from "node:path";

// This file lies in src/, and in the build in dist/server/.
const isBuilt = extname(import.meta.filename) === ".js";

/** What is done as `SANDBOX_USER`, in a process of its own. */
export const USER_WORKER = join(import.meta.dirname, `user-worker${extname(import.meta.filename)}`);

/** The folder that this server came in. */
export const PACKAGE_FOLDER = join(import.meta.dirname, isBuilt ? "../.." : "..");

/** What is loaded while the server runs, some of it late. */
export const PROGRAM_PATHS = (isBuilt ? ["dist"] : ["src", "node_modules", "dist"])
  .map((name) => join(PACKAGE_FOLDER, name))
  .filter((path) => existsSync(path));

/** The built web UI. */
export const WEB_FOLDER = join(import.meta.dirname, isBuilt ? ".." : "../dist", "web");
