import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AgentError } from "../contract/error.ts";
import type { Seq, SessionId } from "../contract/log.ts";
import { blobFolderOf, blobsOf } from "./blobs.ts";
import { cutLine, DATA, type SealedLine } from "./chain.ts";
import { type Disk, giveToOwnerOf, writeWhole } from "./disk.ts";
import { readLines } from "./files.ts";
import { escapeControls } from "./line.ts";

interface Erasure {
  /** Of the session's file, which nobody writes to. */
  path: string;
  id: SessionId;
  seq: Seq;
  reason: string;
  disk: Disk;
  /** Called when the line has been found, before anything is changed. */
  record: () => Promise<void>;
}

/**
 * Takes salt, message, facts and blobs of a line away. In the message's place stands `{"event":"erased","reason","erased_at"}`,
 * which the line's hash does not cover, as it never covered the message: the chain stays as it is, `data_hash` is what is
 * left of the content, and that the mark is true is known from the server's log. The file is written anew beside the old
 * one and takes its place at once. Done already: nothing happens. Throws AgentError `invalid_message`.
 */
export async function eraseLine({ path, id, seq, reason, disk, record }: Erasure): Promise<void> {
  const line = await findLine(path, seq);
  if (line === undefined)
    throw new AgentError("invalid_message", `session ${id} has no line ${seq} to erase`);
  if (isOwnEvent(line)) {
    throw new AgentError(
      "invalid_message",
      `line ${seq} of session ${id} is the log's own and has no content`,
    );
  }
  if (line.salt === undefined) return;
  await record();
  const needed = await copyErased({ path, seq, reason, disk });
  const folder = blobFolderOf(dirname(path), id);
  // Before the line goes: a crash in between must leave the line that tells of them.
  for (const blob of blobsOf(line)) if (!needed.has(blob)) removeIfThere(disk, join(folder, blob));
  disk.rename(`${path}.new`, path);
  await disk.syncFolder(dirname(path));
}

/** `session_started` and the like, but not the mark of an erasure. */
const isOwnEvent = ({ data, salt }: SealedLine) =>
  salt !== undefined && data.toString().startsWith('{"event":');

async function findLine(path: string, seq: Seq): Promise<SealedLine | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for await (const bytes of readLines(file)) {
      const line = cutLine(bytes);
      if (line?.seq === seq) return line;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Writes the log anew beside itself. Resolves with the blobs that its other lines refer to. */
async function copyErased({ path, seq, reason, disk }: Omit<Erasure, "id" | "record">): Promise<Set<string>> {
  const needed = new Set<string>();
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_RDONLY } = constants;
  const copy = disk.open(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  const file = await open(path, O_RDONLY | O_NOFOLLOW);
  try {
    giveToOwnerOf(path, copy);
    for await (const bytes of readLines(file)) {
      const line = cutLine(bytes);
      const isMeant = line?.seq === seq;
      if (line && !isMeant) blobsOf(line).forEach((blob) => needed.add(blob));
      const written = line && isMeant ? erased(line, reason) : bytes;
      writeWhole(disk, copy, Buffer.concat([written, NEWLINE]));
    }
    await disk.sync(copy);
  } finally {
    disk.close(copy);
    await file.close();
  }
  return needed;
}

const NEWLINE = Buffer.from("\n");

function erased({ start, end }: SealedLine, reason: string): Buffer {
  const mark = JSON.stringify({ event: "erased", reason, erased_at: new Date().toISOString() });
  return Buffer.concat([start, Buffer.from(`${DATA}${escapeControls(mark)}${end}`)]);
}

function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
