import { rm } from "node:fs/promises";
import type { Model } from "../contract/model.ts";
import { codexBinary } from "../testing/codex-binary.ts";
import { type ResponsesServer, startResponsesServer } from "../testing/responses-server.ts";
import { startTestBed, temporaryFolder, type TestBed } from "./test-bed.ts";

export interface EngineBed extends TestBed {
  provider: ResponsesServer;
}

export const ENGINE_KEY = "sk-e2e-engine-7c1d90af42be";

/** For a server whose sessions run on the real codex program, with a scripted model behind it. */
export const engineEnvironment = (providerUrl: string) => ({
  PROVIDER: "codex",
  MODEL: "mock-model",
  CODEX_BIN: codexBinary(),
  OPENAI_API_KEY: ENGINE_KEY,
  OPENAI_BASE_URL: providerUrl,
});

/** Processes of a server that was killed may write on for a moment. */
export const removeBusy = (folder: string) =>
  rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });

export async function startEngineBed(
  environment: Record<string, string> = {},
  model?: Model,
): Promise<EngineBed> {
  const provider = await startResponsesServer(model);
  // A server that is killed leaves its folders there.
  const TMPDIR = await temporaryFolder();
  const bed = await startTestBed({ ...engineEnvironment(provider.url), TMPDIR, ...environment });
  const close = async () => {
    await bed.close();
    await provider.close();
    await removeBusy(TMPDIR);
  };
  return { ...bed, provider, close, [Symbol.asyncDispose]: close };
}
