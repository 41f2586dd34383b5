import { closeSync, constants, existsSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ReadFact, Seq, SessionId } from "../contract/log.ts";
import { ChainedFile, type ChainStart, type Durability } from "./chained-file.ts";
import { AgentError } from "../contract/error.ts";
import { type ChainHead, cutLine } from "./chain.ts";
import { CheckpointFile, SERVER_ORIGIN } from "./checkpoint.ts";
import type { Disk } from "./disk.ts";
import type { SigningKey } from "./keys.ts";
import { onlyMissing, readLines, readLinesBackwards } from "./files.ts";
import { cutTorn } from "./torn.ts";

/** The server's log is signed this long after a line at the latest. Not at each: every session adds to it. */
const CHECKPOINT_MS = 1_000;

export const serverLogPath = (folder: string): string => join(folder, "server.jsonl");
const serverCheckpointPath = (folder: string): string => join(folder, "server.checkpoint");

const Size = z.int().nonnegative();
const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A line of the server's own log that tells of its sessions. Others may stand there too. */
const ServerEvent = z.discriminatedUnion("event", [
  /** All sessions of earlier runs have been looked after. */
  z.object({ event: z.literal("server_started") }),
  /** A session is written to from now on. */
  z.object({ event: z.literal("session_opened"), session_id: z.string() }),
  z.object({ event: z.literal("session_ended"), session_id: z.string(), size: Size, head: Hash }),
  z.object({ event: z.literal("session_damaged"), session_id: z.string(), problems: z.array(z.string()) }),
  z.object({ event: z.literal("line_erased"), session_id: z.string(), seq: Size, reason: z.string() }),
]);
type ServerEvent = z.infer<typeof ServerEvent>;

export interface ServerLogOptions {
  folder: string;
  key: SigningKey;
  disk: Disk;
  durability: Durability;
  publish: ((note: string) => void) | undefined;
}

/**
 * The log of the server itself, chained and signed like a session's: when sessions began, with which head they ended,
 * what was read, and what was erased. A session's file that is gone or was put back to an older state shows by it.
 */
class ServerLog {
  readonly #file: ChainedFile;

  /** Goes on after `start`, or begins. */
  constructor(options: ServerLogOptions, start?: ChainStart) {
    const { folder, key, disk, durability, publish } = options;
    const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
    const path = serverLogPath(folder);
    this.#file = new ChainedFile({
      path,
      descriptor: disk.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600),
      name: "the server",
      disk,
      durability,
      checkpoints: new CheckpointFile({
        path: serverCheckpointPath(folder),
        origin: SERVER_ORIGIN,
        key,
        disk,
        publish,
      }),
      checkpointMs: CHECKPOINT_MS,
      signBarriers: false,
      ...(start && { start }),
    });
  }

  /** Throws AgentError `log_unavailable`. */
  record(event: ServerEvent | ({ event: "read" } & ReadFact)): Seq {
    return this.#file.append({ direction: "incoming", json: JSON.stringify(event) });
  }

  barrier(): Promise<void> {
    return this.#file.barrier();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const Recorded = z.object({ message_data: ServerEvent });

/** What the server's log tells of its sessions, oldest first; lines that are damaged or tell of something else are left out. */
async function* readServerEvents(folder: string): AsyncGenerator<ServerEvent & { timestamp?: string }> {
  const file = await open(serverLogPath(folder), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (cause: unknown) => onlyMissing(cause, "the server's log"),
  );
  if (file === undefined) return;
  try {
    for await (const line of readLines(file)) {
      if (line.includes('"message_data":{"event":"read"')) continue;
      const event = eventOf(line.toString());
      if (event) yield event;
    }
  } finally {
    await file.close();
  }
}

function eventOf(line: string): ServerEvent | undefined {
  try {
    return Recorded.safeParse(JSON.parse(line)).data?.message_data;
  } catch {
    return undefined;
  }
}

/**
 * Opens the server's log to go on with it, and tells which sessions were being written to when it was last left. Throws
 * AgentError `log_unavailable` when its last line is none.
 */
export function openServerLog(options: ServerLogOptions): OpenedServerLog {
  const { folder, disk } = options;
  const path = serverLogPath(folder);
  if (!existsSync(path)) return { log: new ServerLog(options), sessions: new Map() };
  const bytes = cutTorn(disk, path);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const last = readLinesBackwards(descriptor).next().value;
    if (last === undefined) return { log: new ServerLog(options), sessions: new Map() };
    const line = cutLine(last);
    if (line === undefined) {
      throw new AgentError("log_unavailable", `the last line of ${path} is damaged: it is not gone on with`);
    }
    const head = { size: line.seq + 1, hash: line.hash };
    const log = new ServerLog(options, { head, bytes, signed: 0 });
    return { log, sessions: sessionsSinceStart(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}

export interface OpenedServerLog {
  log: ServerLog;
  /** What last became of each session since the server last started. */
  sessions: ReadonlyMap<SessionId, ServerEvent["event"]>;
}

function sessionsSinceStart(descriptor: number): Map<SessionId, ServerEvent["event"]> {
  const newest = new Map<SessionId, ServerEvent["event"]>();
  for (const line of readLinesBackwards(descriptor)) {
    const event = eventOf(line.toString());
    if (event?.event === "server_started") break;
    if (event === undefined || event.event === "line_erased") continue;
    if (!newest.has(event.session_id)) newest.set(event.session_id, event.event);
  }
  return newest;
}

/** What the server's log knows of one session. */
export interface KnownSession {
  /** Its heads when it ended, oldest first. */
  ends: ChainHead[];
  erased: Map<Seq, string>;
}

/** By session, or for these alone. */
export async function readKnownSessions(
  folder: string,
  only?: readonly SessionId[],
): Promise<Map<SessionId, KnownSession>> {
  const known = new Map<SessionId, KnownSession>();
  const wanted = only && new Set(only);
  for await (const event of readServerEvents(folder)) {
    if (event.event === "server_started" || wanted?.has(event.session_id) === false) continue;
    const session: KnownSession = known.get(event.session_id) ?? { ends: [], erased: new Map() };
    known.set(event.session_id, session);
    if (event.event === "session_ended") session.ends.push({ size: event.size, hash: event.head });
    if (event.event === "line_erased") session.erased.set(event.seq, event.reason);
  }
  return known;
}
