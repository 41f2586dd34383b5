import { hash, randomBytes } from "node:crypto";
import type { Seq } from "../contract/log.ts";
import { escapeControls, type LineParts, timestampNow, typeOfDirection } from "./line.ts";

/** Where a chain has got to. */
export interface ChainHead {
  /** Lines so far. */
  size: number;
  /** The newest line's hash. */
  hash: string;
}

/** What the first line follows. */
export const GENESIS: ChainHead = { size: 0, hash: "0".repeat(64) };

/**
 * A log's next line, with its line break, and its hash:
 *
 *     {"timestamp":T,"event_type":E,"direction":D,"message_data":M,"audit":A,"seq":N,"salt":S,"data_hash":X,"prev_hash":P,"hash":H}
 *
 * X is SHA-256 over the 32 characters of S, the bytes of M and the bytes of A (nothing where there is no `audit`).
 * H is SHA-256 over the line's own bytes from its `{` up to, but without, `,"hash"`, where `,"message_data":M`,
 * `,"audit":A` and `,"salt":"S"` are cut out, each with the comma before it. P is the H of the line before. So M, A and
 * S can be taken out later and every H still fits; S keeps a short M from being guessed from its X. Hashes and salts
 * are lower-case hex. All bytes are those in the file, never a second serialisation.
 *
 * The bytes that come back are good until the next line is sealed.
 */
export function sealLine(parts: LineParts, previous: string): { line: Buffer; hash: string } {
  const { timestamp = timestampNow(), direction, json, audit, seq } = parts;
  const salt = freshSalt();
  const content = new Content(salt, json, audit === undefined ? "" : JSON.stringify(audit));
  const start = `{"timestamp":"${timestamp}","event_type":"${typeOfDirection(direction)}","direction":"${direction}"`;
  const number = `,"seq":${seq}`;
  const links = `,"data_hash":"${sha256(content.bytes)}","prev_hash":"${previous}"`;
  const own = sha256(start + number + links);
  return { line: content.between(start, `${number},"salt":"${salt}"${links},"hash":"${own}"}`), hash: own };
}

/** A line cut along the borders of its fields, as it was written. */
export interface SealedLine {
  seq: Seq;
  /** Absent where the content has been erased. */
  salt: string | undefined;
  dataHash: string;
  prevHash: string;
  hash: string;
  /** The bytes before `,"message_data":`. */
  start: Buffer;
  data: Buffer;
  audit: Buffer | undefined;
  /** The bytes from `,"seq":` to the end, without the salt. */
  end: string;
}

const START = /^\{"timestamp":"[^"\\]*","event_type":"[a-z_]*","direction":"[a-z]*"(?=,"message_data":)/;
const END =
  /,"seq":(0|[1-9]\d{0,15})(?:,"salt":"([0-9a-f]{32})")?,"data_hash":"([0-9a-f]{64})","prev_hash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const LONGEST_START = 256;
const LONGEST_END = 384;
/** More than all of a line but its content, and more than a salt. */
const LONGEST_FRAME = 1024;
export const DATA = ',"message_data":';
const AUDIT = ',"audit":';

/**
 * Finds the fields in the bytes of a line. The start has no room for foreign text and the end has a fixed form and is
 * sought from the last byte, so that nothing inside the message can be taken for either. Undefined for what is no line.
 */
export function cutLine(line: Buffer): SealedLine | undefined {
  const start = START.exec(line.toString("latin1", 0, LONGEST_START))?.[0];
  const found = END.exec(line.toString("latin1", Math.max(0, line.length - LONGEST_END)));
  if (start === undefined || found === null) return undefined;
  const [end, seq = "", salt, dataHash = "", prevHash = "", own = ""] = found;
  const content = line.subarray(start.length + DATA.length, line.length - end.length);
  const border = endOfValue(content);
  const rest = content.subarray(border);
  const audit = rest.length === 0 ? undefined : rest.subarray(AUDIT.length);
  if (border === 0 || (audit && !isAudit(rest, audit))) return undefined;
  return {
    seq: Number(seq),
    salt,
    dataHash,
    prevHash,
    hash: own,
    start: line.subarray(0, start.length),
    data: content.subarray(0, border),
    audit,
    end: salt === undefined ? end : end.replace(`,"salt":"${salt}"`, ""),
  };
}

const isAudit = (rest: Buffer, audit: Buffer) =>
  rest.toString("latin1", 0, AUDIT.length) === AUDIT &&
  audit[0] === OPEN &&
  endOfValue(audit) === audit.length;

/** The line says of itself what its bytes are: all of it, or all but its content, which is then `edited` or `erased`. */
export function checkLine(line: SealedLine): "whole" | "content_edited" | "content_erased" | "edited" {
  const { start, end, hash: own, salt, data, audit, dataHash } = line;
  const covered = end.slice(0, -`,"hash":"${own}"}`.length);
  if (sha256(start.toString("latin1") + covered) !== own) return "edited";
  if (salt === undefined) return "content_erased";
  const content = Buffer.concat([Buffer.from(salt), data, audit ?? EMPTY]);
  return sha256(content) === dataHash ? "whole" : "content_edited";
}

const EMPTY = Buffer.alloc(0);
const [SPACE, QUOTE, BACKSLASH, COMMA] = [0x20, 0x22, 0x5c, 0x2c];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Where the first JSON value ends, with the spaces around it; 0 where there is none. */
function endOfValue(bytes: Buffer): number {
  let at = afterSpaces(bytes, 0);
  const first = bytes[at];
  if (first === QUOTE) at = endOfString(bytes, at);
  else if (first === OPEN || first === OPEN_LIST) at = endOfContainer(bytes, at);
  else {
    const begin = at;
    while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== SPACE) at += 1;
    if (at === begin) return 0;
  }
  return afterSpaces(bytes, at);
}

function afterSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  return at;
}

function endOfContainer(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at) - 1;
    else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return bytes.length;
}

function endOfString(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from + 1); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return bytes.length;
}

/** Of one character, in bytes: `\u2028`. */
const LONGEST_ESCAPE = 6;

/** Used again for each line but the longest: a buffer of its own for each costs as much as its hash. */
const shared = Buffer.allocUnsafeSlow(512 * 1024);

/** Salt, message and facts as they are hashed, and then as they stand in the line. */
class Content {
  readonly bytes: Buffer;
  /** The content is in its first half, the line in the second. */
  readonly #room: Buffer;
  readonly #dataAt: number;
  readonly #factsAt: number;

  constructor(salt: string, data: string, facts: string) {
    const longest = 2 * (LONGEST_FRAME + LONGEST_ESCAPE * (data.length + facts.length));
    const room = longest <= shared.length ? shared : Buffer.allocUnsafeSlow(longest);
    this.#room = room;
    this.#dataAt = room.write(salt, "latin1");
    this.#factsAt = this.#dataAt + writeSafe(room, data, this.#dataAt);
    const end = facts === "" ? this.#factsAt : this.#factsAt + writeSafe(room, facts, this.#factsAt);
    this.bytes = room.subarray(0, end);
  }

  /** The line, with its line break. */
  between(start: string, end: string): Buffer {
    const room = this.#room;
    const from = room.length >> 1;
    let at = from + room.write(start + DATA, from, "latin1");
    at += this.bytes.copy(room, at, this.#dataAt, this.#factsAt);
    if (this.#factsAt < this.bytes.length) {
      at += room.write(AUDIT, at, "latin1");
      at += this.bytes.copy(room, at, this.#factsAt);
    }
    at += room.write(`${end}\n`, at, "latin1");
    return room.subarray(from, at);
  }
}

/** Writes JSON text so that it is safe to print. Of what is ASCII it can only be these few that are not. */
function writeSafe(room: Buffer, json: string, at: number): number {
  const written = room.write(json, at);
  if (written === json.length && !/[\t\n\r\u007f]/.test(json)) return written;
  return room.write(escapeControls(json), at);
}

const sha256 = (content: string | Buffer): string => hash("sha256", content, "hex");

const SALT_LENGTH = 32;
let salts = "";
let used = 0;

/** 16 random bytes. Drawn in bulk: one draw a line costs as much as the line. */
function freshSalt(): string {
  if (used === salts.length) {
    salts = randomBytes(4096).toString("hex");
    used = 0;
  }
  used += SALT_LENGTH;
  return salts.slice(used - SALT_LENGTH, used);
}
