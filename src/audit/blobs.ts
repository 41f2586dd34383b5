import { hash } from "node:crypto";
import { constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { SessionId } from "../contract/log.ts";
import { cutLine, DATA, type SealedLine } from "./chain.ts";
import { type Disk, writeWhole } from "./disk.ts";
import { isSessionId, onlyMissing } from "./files.ts";
import { endOfString } from "./json-strings.ts";

/** From this length on, in bytes of JSON text, a string is kept beside the log. */
const BLOB_BYTES = 64 * 1024;
/** An image from this length on: the same one often comes again. */
const IMAGE_BYTES = 1024;
const IMAGE = '"data:image/';

/** Stands in a line for what was taken out. */
const reference = (digest: string) => `"blob:sha256:${digest}"`;
const ANY_REFERENCE = '"blob:sha256:';
const REFERENCE = /"blob:sha256:([0-9a-f]{64})"/g;

export interface KeptBlob {
  sha256: string;
  bytes: number;
}

export const blobFolderOf = (folder: string, id: SessionId): string => {
  if (!isSessionId(id)) throw new TypeError("a session id is 32 to 64 lower-case hex digits");
  return join(folder, `${id}.blobs`);
};

/**
 * Keeps long strings and images of one session's messages, each once, in `<session_id>.blobs/<sha256>`: the string as
 * JSON writes it, without its quotes. The line has `"blob:sha256:<digest>"` in its place and names it in its `audit`.
 * Each session has its own, so that what is erased or moved with one is no other's.
 */
export class BlobFolder {
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #known = new Set<string>();
  /** Written, still open, and perhaps not yet on the disk. */
  #unsettled: number[] = [];

  constructor(folder: string, disk: Disk) {
    this.#folder = folder;
    this.#disk = disk;
  }

  /** Throws what the disk throws. */
  takeOut(json: string): { json: string; kept: KeptBlob[] } {
    const shortest = shortestFor(json);
    // A message that speaks of blobs itself is left as it is: what stands in it must not be taken for ours.
    if (json.length < shortest || json.includes(ANY_REFERENCE)) return { json, kept: [] };
    const kept = new Map<string, KeptBlob>();
    let text = "";
    let copied = 0;
    for (const { start, end } of longStrings(json)) {
      const content = Buffer.from(json.slice(start + 1, end - 1));
      const sha256 = hash("sha256", content, "hex");
      this.#keep(sha256, content);
      kept.set(sha256, { sha256, bytes: content.length });
      text += json.slice(copied, start) + reference(sha256);
      copied = end;
    }
    return { json: text + json.slice(copied), kept: [...kept.values()] };
  }

  /** Lets go of what was written; when it is to be durable, after it is on the disk. */
  async settle(isDurable: boolean): Promise<void> {
    const descriptors = this.#unsettled;
    if (descriptors.length === 0) return;
    this.#unsettled = [];
    try {
      if (isDurable) await this.#sync(descriptors);
    } finally {
      for (const descriptor of descriptors) this.#disk.close(descriptor);
    }
  }

  async #sync(descriptors: readonly number[]): Promise<void> {
    for (const descriptor of descriptors) await this.#disk.sync(descriptor);
    await this.#disk.syncFolder(this.#folder);
    await this.#disk.syncFolder(dirname(this.#folder));
  }

  #keep(sha256: string, content: Buffer): void {
    if (this.#known.has(sha256)) return;
    const path = join(this.#folder, sha256);
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    this.#disk.makeFolder(this.#folder);
    // One that a crash left may be half a one: it is written again, aside.
    const descriptor = this.#disk.open(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    this.#unsettled.push(descriptor);
    writeWhole(this.#disk, descriptor, content);
    this.#disk.rename(`${path}.new`, path);
    this.#known.add(sha256);
  }
}

/** A line's text with the strings that were taken out of it; a reference whose blob is gone stays. */
export function putBack(text: string, blobFolder: string): string {
  if (!text.includes(ANY_REFERENCE)) return text;
  const line = cutLine(Buffer.from(text));
  const kept = line === undefined ? [] : blobsOf(line);
  if (line === undefined || kept.length === 0) return text;
  const data = line.data.toString();
  const at = line.start.length + DATA.length;
  const whole = data.replace(REFERENCE, (found, sha256: string) => {
    const path = join(blobFolder, sha256);
    return kept.includes(sha256) && existsSync(path) ? `"${readFileSync(path, "utf8")}"` : found;
  });
  return text.slice(0, at) + whole + text.slice(at + data.length);
}

const Kept = z.object({ blobs: z.array(z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })) });

/** The digests of what was taken out of a line. */
export function blobsOf({ audit }: SealedLine): string[] {
  if (!audit?.includes('"blobs":[')) return [];
  try {
    return Kept.parse(JSON.parse(audit.toString())).blobs.map(({ sha256 }) => sha256);
  } catch {
    return [];
  }
}

/** What is wrong with a blob that a line refers to. */
export function checkBlob(blobFolder: string, sha256: string): "whole" | "gone" | "edited" {
  let content: Buffer;
  try {
    content = readFileSync(join(blobFolder, sha256));
  } catch (cause) {
    return onlyMissing(cause, `the blob ${sha256}`) ?? "gone";
  }
  return hash("sha256", content, "hex") === sha256 ? "whole" : "edited";
}

/** Looks for what begins with a rare character, because every message is looked through. */
const shortestFor = (json: string) =>
  json.length >= IMAGE_BYTES && json.includes(";base64,") ? IMAGE_BYTES : BLOB_BYTES;

function* longStrings(json: string): Generator<{ start: number; end: number }> {
  for (let start = json.indexOf('"'); start >= 0;) {
    const end = endOfString(json, start);
    const isLong = end - start >= (json.startsWith(IMAGE, start) ? IMAGE_BYTES : BLOB_BYTES);
    if (isLong && !/^\s*:/.test(json.slice(end, end + 8))) yield { start, end };
    start = json.indexOf('"', end);
  }
}
