import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The folder of recorded provider streams; they are not part of the repository. */
export const providerStreamsDir = process.env["PROVIDER_STREAMS_DIR"];

export type ReplayFamily = "openai" | "anthropic" | "google";

/** What a recording must yield, whatever the family. A family adds fields of its own. */
export interface Expectation {
  stop: string;
  text?: string;
  tool_calls?: ExpectedCall[];
  reasoning?: Record<string, unknown>[];
  refusal?: string | null;
  other_items?: string[];
  usage?: { input: number; output: number; cached_input?: number; cache_write?: number; reasoning?: number };
  http_status?: number;
  [field: string]: unknown;
}

export interface ExpectedCall {
  /** Null when the provider gives none. */
  call_id: string | null;
  name: string;
  /** Null when they were cut off; then `arguments_raw` says what came. */
  arguments: Record<string, unknown> | null;
  arguments_raw?: string;
  status?: string;
}

export interface RecordedCase {
  file: string;
  exercises: string;
  expect: Expectation;
}

/** A case as the replay tool has it: with its body in the wire's framing. */
interface ReplayCase extends RecordedCase {
  body: string;
  /** The request that it answered, where it is known. */
  request?: { model?: string } | null;
}

/** How a body is sent; all fields are set with each call of `set`, or else they stay as they were. */
export interface ReplayOptions {
  /** `whole`, `event`, `line`, a number of bytes, or `rand` with a seed. */
  chunk?: string;
  seed?: number | undefined;
  /** Stop after so many events. */
  cut?: number | undefined;
  "cut-mode"?: "reset" | "fin" | "clean" | "stall";
  /** An error event after so many events, then a clean end. */
  inject?: number | undefined;
  /** `429:2` answers status 429 with `retry-after: 2`. */
  fail?: string | undefined;
  strict?: boolean;
}

interface ReplayRequest {
  model: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  case: string | null;
  result: { status: number; ended?: string } | null;
}

export interface Replay {
  url: string;
  server: Server;
  corpus: Record<ReplayFamily, ReplayCase[]>;
  set(options: ReplayOptions): void;
  requests(): ReplayRequest[];
  close(): Promise<void>;
}

interface ReplayTool {
  startReplay(options: { dir: string }): Promise<Replay>;
  splitEvents(body: string): string[];
  parseEvents(body: string): unknown[];
}

/** The recordings of a family with what they must yield; none where the folder is not given. */
export function recordedCases(family: ReplayFamily): RecordedCase[] {
  if (providerStreamsDir === undefined) return [];
  return JSON.parse(readFileSync(join(providerStreamsDir, family, "expected.json"), "utf8"));
}

/** The events of a body, each parsed; null for one without JSON. */
export async function replayEvents(body: string): Promise<unknown[]> {
  const tool = await loadTool();
  return tool.splitEvents(body).map((event) => tool.parseEvents(event)[0] ?? null);
}

export async function startReplay(): Promise<Replay> {
  const tool = await loadTool();
  return tool.startReplay({ dir: requireDir() });
}

async function loadTool(): Promise<ReplayTool> {
  const path = resolve(requireDir(), "../../tools/replay-provider.mjs");
  return import(pathToFileURL(path).href);
}

function requireDir(): string {
  if (providerStreamsDir === undefined) throw new Error("PROVIDER_STREAMS_DIR is not set.");
  return providerStreamsDir;
}
