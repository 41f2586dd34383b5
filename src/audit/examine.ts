import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { LogProblem, Seq, VerifyReport } from "../contract/log.ts";
import { blobFolderOf, blobsOf, checkBlob } from "./blobs.ts";
import { type ChainHead, GENESIS, type SealedLine } from "./chain.ts";
import { type Checkpoint, readCheckpoints, SERVER_ORIGIN } from "./checkpoint.ts";
import { onlyMissing, readLines } from "./files.ts";
import type { VerifierKey } from "./keys.ts";
import { SESSION_ENDED, timestampOf } from "./line.ts";
import type { KnownSession } from "./server-log.ts";
import { ChainWalk } from "./walk.ts";

/** A file that is something else altogether has a problem in every line. */
const MOST_PROBLEMS = 1000;

/** Lines of an active session may wait so long for a signature, in milliseconds. */
const UNSIGNED_MS = 60_000;

/** A report, and where the file stands for who wants to go on with it. */
export interface Examined {
  report: VerifyReport;
  head: ChainHead;
  /** Bytes of whole lines. */
  bytes: number;
  tornBytes: number;
  startTime: string | undefined;
  lastActivity: string | undefined;
}

/** A chained file, and what is known of it. */
interface Subject {
  path: string;
  id: string;
  origin: string;
  keys: readonly VerifierKey[];
  known?: KnownSession | undefined | "unasked";
}

/** Undefined where there is no such file. */
export async function examine(subject: Subject): Promise<Examined | undefined> {
  const { path, id, origin, keys } = subject;
  const missing = (cause: unknown) =>
    onlyMissing(cause, id === "server" ? "the server's log" : `the log of session ${id}`);
  // First, so that no checkpoint speaks of lines that were not there yet when the file was measured.
  const notes = await readFile(path.replace(/\.jsonl$/, ".checkpoint"), "utf8").catch(missing);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(missing);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const examination = new Examination(subject, readCheckpoints(notes ?? "", origin, keys));
    for await (const line of readLines(file)) {
      examination.add(line);
      // What is appended while it is read belongs to the next report.
      if (examination.bytes >= size) break;
    }
    return examination.finish(size);
  } finally {
    await file.close();
  }
}

/** Somebody said that the chain had this head: a signed checkpoint, or the server's log at a session's end. */
interface Claim extends ChainHead {
  met: "not yet" | "yes" | "differs";
}

const claim = ({ size, hash }: ChainHead): Claim => ({ size, hash, met: "not yet" });

const Erased = z.object({ event: z.literal("erased"), reason: z.string() });

class Examination {
  bytes = 0;
  readonly #subject: Subject;
  readonly #notes: readonly Checkpoint[];
  readonly #signed: Claim[];
  readonly #recorded: Claim[];
  /** The size that the newest good checkpoint speaks of. */
  readonly #newestSigned: number;
  readonly #claims = new Map<number, Claim[]>();
  readonly #problems: LogProblem[] = [];
  readonly #erased: VerifyReport["erased"] = [];
  readonly #walk: ChainWalk;
  #head: ChainHead = GENESIS;
  #ended = false;
  #timestamp: string | undefined;
  #startTime: string | undefined;
  /** When the first line that is not signed yet was written. */
  #unsignedSince: string | undefined;

  constructor(subject: Subject, notes: readonly Checkpoint[]) {
    this.#subject = subject;
    this.#notes = notes;
    this.#signed = notes.filter(({ signature }) => signature === "good").map(claim);
    this.#recorded = (this.#known()?.ends ?? []).map(claim);
    this.#newestSigned = largest(this.#signed);
    for (const each of this.#all()) {
      this.#claims.set(each.size, [...(this.#claims.get(each.size) ?? []), each]);
    }
    this.#walk = new ChainWalk({
      problem: ({ kind, seq = 0, detail }) => this.#add(kind, seq, detail),
      line: (line, content) => this.#take(line, content),
    });
  }

  add(line: Buffer): void {
    this.bytes += line.length + 1;
    this.#timestamp = timestampOf(line.toString("latin1", 0, 64)) ?? this.#timestamp;
    this.#startTime ??= this.#timestamp;
    this.#walk.add(line);
  }

  finish(size: number): Examined {
    const claimed = largest(this.#all());
    this.#walk.finish(claimed);
    const inOrder = this.#problems.length === 0;
    this.#checkClaims(claimed, inOrder);
    this.#checkSignatures();
    this.#checkRecord(inOrder);
    const tornBytes = Math.max(0, size - this.bytes);
    if (tornBytes > 0)
      this.#add("torn", this.#walk.size, `${tornBytes} bytes of a torn line stand at the end`);
    const report: VerifyReport = {
      session_id: this.#subject.id,
      ok: this.#problems.length === 0,
      state: this.#ended ? "ended" : "active",
      lines: this.#walk.size,
      signed_lines: largest(this.#signed.filter(({ met }) => met === "yes")),
      problems: this.#problems.sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0)),
      erased: this.#erased,
    };
    return {
      report,
      head: this.#head,
      bytes: this.bytes,
      tornBytes,
      startTime: this.#startTime,
      lastActivity: this.#timestamp,
    };
  }

  #known = (): KnownSession | undefined =>
    typeof this.#subject.known === "object" ? this.#subject.known : undefined;

  #all = (): Claim[] => [...this.#signed, ...this.#recorded];

  #add(kind: LogProblem["kind"], seq: Seq, detail: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ kind, seq, detail });
  }

  #take(line: SealedLine, content: "whole" | "edited" | "erased"): void {
    const { seq, hash, data } = line;
    this.#head = { size: seq + 1, hash };
    this.#ended =
      content === "whole" && data.length === SESSION_ENDED.length && data.toString() === SESSION_ENDED;
    for (const each of this.#claims.get(seq + 1) ?? []) {
      if (each.met !== "yes") each.met = each.hash === hash ? "yes" : "differs";
    }
    if (seq === this.#newestSigned) this.#unsignedSince = this.#timestamp;
    if (content === "edited") this.#add("edited", seq, `the content of line ${seq} is not what was written`);
    else if (content === "erased") this.#checkErased(line);
    else this.#checkContent(line);
  }

  #checkErased({ seq, data, audit }: SealedLine): void {
    const mark = Erased.safeParse(parsed(data)).data;
    const recorded = this.#known()?.erased.get(seq);
    if (this.#subject.known === "unasked") return;
    if (mark && audit === undefined && mark.reason === recorded) this.#erased.push({ seq, reason: recorded });
    else
      this.#add(
        "edited",
        seq,
        `the content of line ${seq} was taken out, and the server's log does not say so`,
      );
  }

  #checkContent(line: SealedLine): void {
    const { seq } = line;
    if (this.#known()?.erased.has(seq)) {
      this.#add(
        "unrecorded",
        seq,
        `line ${seq} was to be erased, and its content is still there: erase it again`,
      );
    }
    for (const sha256 of blobsOf(line)) {
      const state = checkBlob(blobFolderOf(dirname(this.#subject.path), this.#subject.id), sha256);
      if (state === "gone") this.#add("missing", seq, `the blob ${sha256} of line ${seq} is missing`);
      if (state === "edited")
        this.#add("edited", seq, `the blob ${sha256} of line ${seq} is not what was written`);
    }
  }

  #checkClaims(claimed: number, inOrder: boolean): void {
    const { size } = this.#walk;
    if (claimed > size) {
      this.#add(
        "tail_cut",
        size,
        `the end is cut off: there were at least ${claimed} lines, now there are ${size}`,
      );
    }
    const differing = this.#all()
      .filter(({ met }) => met === "differs")
      .sort((one, other) => one.size - other.size)[0];
    if (differing === undefined || !inOrder) return;
    const from = largest(this.#all().filter(({ met, size }) => met === "yes" && size < differing.size));
    this.#add(
      "rehashed",
      from,
      `lines ${from} to ${differing.size - 1} were written anew: the chain fits itself and not what was vouched for`,
    );
  }

  #checkSignatures(): void {
    const signed = this.#newestSigned;
    if (signed >= this.#walk.size || this.#maySignLater(signed)) return;
    const others = this.#notes.filter(({ signature, size }) => signature !== "good" && size > signed);
    if (others.some(({ signature }) => signature === "forged")) {
      this.#add("unsigned", signed, "a checkpoint has a signature that the key named in it has not made");
    } else if (others.length > 0) {
      this.#add("wrong_key", signed, `signed from line ${signed} on, but by none of the given keys`);
    } else this.#add("unsigned", signed, `no checkpoint vouches for the lines from ${signed} on`);
  }

  #maySignLater(signed: number): boolean {
    if (this.#ended || signed === 0) return false;
    return Date.now() - Date.parse(this.#unsignedSince ?? "") < UNSIGNED_MS;
  }

  #checkRecord(inOrder: boolean): void {
    const { known } = this.#subject;
    if (known === "unasked" || this.#subject.origin === SERVER_ORIGIN) return;
    if (known === undefined) this.#add("unrecorded", 0, "the server's log does not know this session");
    else if (this.#ended && inOrder && !this.#recorded.some(({ size }) => size >= this.#walk.size)) {
      this.#add("unrecorded", this.#walk.size - 1, "the server's log does not know that it has ended so");
    }
  }
}

const largest = (claims: readonly ChainHead[]): number =>
  claims.reduce((largest, { size }) => Math.max(largest, size), 0);

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
