import { z } from "zod";

/** What we need of `NodeSDK`. It reads the `OTEL_*` variables itself. */
interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}

const SDK = "@opentelemetry/sdk-node";

const SdkModule = z.object({
  NodeSDK: z.custom<new () => Sdk>((value) => typeof value === "function", "expected a class NodeSDK"),
});

/** What a stopping server waits for, in milliseconds: the last spans are not worth more. */
const FLUSH_MS = 3000;

/**
 * Starts the OpenTelemetry SDK, if the environment asks for it. The package comes from where the server is installed, if
 * it is there; `missing` is told what to install if it is not. Resolves with what ends it, or undefined.
 */
export async function startTelemetry(
  environment: Readonly<Record<string, string | undefined>>,
  missing: (advice: string) => void,
): Promise<(() => Promise<void>) | undefined> {
  if (!wantsTelemetry(environment)) return undefined;
  let sdk: Sdk;
  try {
    const { NodeSDK } = SdkModule.parse(await import(SDK));
    sdk = new NodeSDK();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    missing(`OTEL_* is set, but nothing is sent: npm install ${SDK} beside the server (${reason})`);
    return undefined;
  }
  sdk.start();
  return async () => {
    await Promise.race([sdk.shutdown(), new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref())]);
  };
}

const wantsTelemetry = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  environment["OTEL_SDK_DISABLED"] !== "true" &&
  Object.entries(environment).some(([name, value]) => name.startsWith("OTEL_") && value);
