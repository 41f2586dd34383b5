import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { constants, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AgentError } from "../contract/error.ts";
import { type Disk, realDisk, writeWhole } from "./disk.ts";
import { reasonOf } from "./files.ts";

/** The name that the server signs with, as signed notes have it. */
const KEY_NAME = "agentloop-server";
/** What stands for Ed25519 in a signed note's key. */
const ALGORITHM = Buffer.from([1]);
const SEED = /^[0-9a-f]{64}$/i;

/** A public key as signed notes write it, `<name>+<8 hex digits>+<base64>`, and what it can tell. */
export interface VerifierKey {
  name: string;
  /** The first four bytes that a signature of this key begins with, in hex. */
  id: string;
  text: string;
  verifies(text: string, signature: Buffer): boolean;
}

export interface SigningKey extends VerifierKey {
  /** An Ed25519 signature of 64 bytes. */
  sign(text: string): Buffer;
}

/**
 * The key that the log is signed with: the given one (64 hex digits: the 32 bytes of an Ed25519 seed), or the one in
 * `keys/` of the store, which is made where there is none. Throws AgentError `log_unavailable`.
 */
export function loadSigningKey(folder: string, given?: string, disk: Disk = realDisk): SigningKey {
  if (given !== undefined) return signingKeyOf(given);
  const keys = join(folder, "keys");
  const path = join(keys, "signing.key");
  try {
    if ((statSync(path).mode & 0o077) !== 0) throw new Error("others can read it (expected mode 600)");
    return signingKeyOf(readFileSync(path, "utf8").trim());
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOENT")) throw unusable(path, cause);
  }
  try {
    return makeKey(keys, path, disk);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

const unusable = (path: string, cause: unknown) =>
  new AgentError("log_unavailable", `the signing key ${path} cannot be used: ${reasonOf(cause)}`, { cause });

/** The key that the store's checkpoints can be checked with, without making one: none where there is none yet. */
export function loadVerifierKeys(folder: string, given?: string): VerifierKey[] {
  if (given !== undefined) return [signingKeyOf(given)];
  return existsSync(join(folder, "keys", "signing.key")) ? [loadSigningKey(folder)] : [];
}

/** Written aside first: half a key in its place would stop every later start. */
function makeKey(keys: string, path: string, disk: Disk): SigningKey {
  const seed = randomBytes(32).toString("hex");
  const key = signingKeyOf(seed);
  disk.makeFolder(keys);
  writeFile(disk, path, `${seed}\n`);
  writeFile(disk, join(keys, "signing.pub"), `${key.text}\n`);
  return key;
}

function writeFile(disk: Disk, path: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_SYNC } = constants;
  const descriptor = disk.open(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_SYNC, 0o600);
  try {
    writeWhole(disk, descriptor, Buffer.from(text));
  } finally {
    disk.close(descriptor);
  }
  disk.rename(`${path}.new`, path);
}

/** PKCS #8 around a bare Ed25519 seed (RFC 8410). */
const SEED_WRAPPER = Buffer.from("302e020100300506032b657004220420", "hex");
/** SubjectPublicKeyInfo around a bare Ed25519 public key. */
const PUBLIC_WRAPPER = Buffer.from("302a300506032b6570032100", "hex");

/** `seed`: 64 hex digits. */
export function signingKeyOf(seed: string): SigningKey {
  if (!SEED.test(seed)) {
    throw new AgentError(
      "log_unavailable",
      `a signing key is 64 hex digits, this one is not (${seed.length} characters)`,
    );
  }
  const wrapped = Buffer.concat([SEED_WRAPPER, Buffer.from(seed, "hex")]);
  const secret = createPrivateKey({ key: wrapped, format: "der", type: "pkcs8" });
  const open = createPublicKey(secret);
  const raw = open.export({ format: "der", type: "spki" }).subarray(PUBLIC_WRAPPER.length);
  return { ...verifierOf(KEY_NAME, open, raw), sign: (text) => sign(null, Buffer.from(text), secret) };
}

/** Reads one public key a line. Throws TypeError for what is none. */
export function parseVerifierKeys(text: string): VerifierKey[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map(parseVerifierKey);
}

function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, encoded = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  if (name === undefined || bytes.length !== 33 || bytes[0] !== ALGORITHM[0]) throw badKey(text);
  const raw = bytes.subarray(1);
  const wrapped = Buffer.concat([PUBLIC_WRAPPER, raw]);
  const key = verifierOf(name, createPublicKey({ key: wrapped, format: "der", type: "spki" }), raw);
  if (key.id !== id) throw badKey(text);
  return key;
}

const badKey = (text: string) =>
  new TypeError(
    `expected a public key as name+8 hex digits+base64, got ${JSON.stringify(text.slice(0, 80))}`,
  );

function verifierOf(name: string, key: KeyObject, raw: Buffer): VerifierKey {
  const material = Buffer.concat([ALGORITHM, raw]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), material]), "hex").slice(0, 8);
  return {
    name,
    id,
    text: `${name}+${id}+${material.toString("base64")}`,
    verifies: (text, signature) => verify(null, Buffer.from(text), key, signature),
  };
}
