import { readFileSync } from "node:fs";

declare const BUNDLED_VERSION: string | undefined;

/** From package.json; the bundle has it built in. */
export const VERSION: string = typeof BUNDLED_VERSION === "string" ? BUNDLED_VERSION : readVersion();

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
