import { existsSync } from "node:fs";
import { join } from "node:path";

const PACKAGES = join(import.meta.dirname, "../../.tools/telemetry/node_modules");

/** A `node_modules` with the real OpenTelemetry SDK in it. */
export function telemetryPackages(): string {
  if (existsSync(join(PACKAGES, "@opentelemetry/sdk-node"))) return PACKAGES;
  throw new Error("These tests need the OpenTelemetry SDK: npm run setup -- --tests");
}
