import { constants } from "node:fs";
import type { ChainHead } from "./chain.ts";
import { type Disk, writeWhole } from "./disk.ts";
import type { SigningKey, VerifierKey } from "./keys.ts";

/** A chain's head, with who signed it. */
export interface Checkpoint extends ChainHead {
  /** `wrong_key`: by none of the keys that were asked for; `forged`: in the name of one, and not by it. */
  signature: "good" | "wrong_key" | "forged";
}

/**
 * A signed note about a chain: origin, number of lines and the newest line's hash (base64), an empty line, and
 * `— <key name> <base64 of key id and Ed25519 signature>`. See https://c2sp.org/tlog-checkpoint and
 * https://c2sp.org/signed-note.
 */
export function signCheckpoint(origin: string, { size, hash }: ChainHead, key: SigningKey): string {
  const text = `${origin}\n${size}\n${Buffer.from(hash, "hex").toString("base64")}\n`;
  const signature = Buffer.concat([Buffer.from(key.id, "hex"), key.sign(text)]).toString("base64");
  return `${text}\n— ${key.name} ${signature}\n`;
}

const NOTE = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n\n((?:— \S+ [A-Za-z0-9+/]{91}=\n)+)/gm;
const SIGNATURE = /^— (\S+) (\S+)$/gm;

/** Every whole note about this origin in the text of a `.checkpoint` file, in order; a torn one is left out. */
export function readCheckpoints(text: string, origin: string, keys: readonly VerifierKey[]): Checkpoint[] {
  return [...text.matchAll(NOTE)].flatMap(([, from, size, head = "", signatures = ""]) => {
    if (from !== origin) return [];
    const signed = `${from}\n${size}\n${head}\n`;
    const hash = Buffer.from(head, "base64").toString("hex");
    return [{ size: Number(size), hash, signature: judge(signed, signatures, keys) }];
  });
}

function judge(signed: string, signatures: string, keys: readonly VerifierKey[]): Checkpoint["signature"] {
  let verdict: Checkpoint["signature"] = "wrong_key";
  for (const [, name, encoded = ""] of signatures.matchAll(SIGNATURE)) {
    const bytes = Buffer.from(encoded, "base64");
    const id = bytes.toString("hex", 0, 4);
    const key = keys.find((candidate) => candidate.name === name && candidate.id === id);
    if (key?.verifies(signed, bytes.subarray(4))) return "good";
    if (key) verdict = "forged";
  }
  return verdict;
}

export const sessionOrigin = (id: string): string => `agentloop-server/session/${id}`;
export const SERVER_ORIGIN = "agentloop-server/server";

interface CheckpointFileOptions {
  path: string;
  origin: string;
  key: SigningKey;
  disk: Disk;
  /** Gets every note that was written. */
  publish?: ((note: string) => void) | undefined;
}

/** Appends notes to a log's `.checkpoint`: older ones stay, because they say between which lines a log was changed. */
export class CheckpointFile {
  readonly #options: CheckpointFileOptions;
  #descriptor: number | undefined;

  constructor(options: CheckpointFileOptions) {
    this.#options = options;
  }

  sign(head: ChainHead): void {
    const { path, origin, key, disk, publish } = this.#options;
    const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
    this.#descriptor ??= disk.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    const note = signCheckpoint(origin, head, key);
    // The empty line comes first, so that a note that a crash tore does not spoil the next one.
    writeWhole(disk, this.#descriptor, Buffer.from(`\n${note}`));
    publish?.(note);
  }

  async sync(): Promise<void> {
    if (this.#descriptor !== undefined) await this.#options.disk.sync(this.#descriptor);
  }

  close(): void {
    if (this.#descriptor !== undefined) this.#options.disk.close(this.#descriptor);
    this.#descriptor = undefined;
  }
}
