/**
 * What the audit log costs: appending a message, with chain, salt, hashes and checks, against a bare `writeSync` of the
 * bytes that came of it. Prints the median of several runs a size; exits 1 when a ratio is over the limit.
 *
 *     node bench/append.ts [--runs 9] [--limit 3]
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Trail } from "../src/audit/trail.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "9" }, limit: { type: "string", default: "3" } },
});
const [runs, limit] = [Number(values.runs), Number(values.limit)];

/** How much is written at a time: little enough to stay in the system's memory. */
const BYTES = 8_000_000;
/** Sizes of a message in bytes: a status, the usual 1 KB line, a tool's output. */
const SIZES = [200, 1_000, 16_000];

const folder = mkdtempSync(join(tmpdir(), "agentloop-bench-"));
const store = new Trail({ folder, durability: "off" });
let sessions = 0;
try {
  const ratios = SIZES.map((size) => measureSize(size));
  if (ratios.some((ratio) => ratio > limit)) process.exitCode = 1;
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

function measureSize(size: number): number {
  const json = messageOf(size);
  measure(json);
  const results = Array.from({ length: runs }, () => measure(json));
  const append = median(results.map((result) => result.append));
  const bare = median(results.map((result) => result.bare));
  const ratio = median(results.map((result) => result.append / result.bare));
  console.log(
    `${size} bytes: append ${microseconds(append)}, bare write ${microseconds(bare)}, ratio ${ratio.toFixed(2)}`,
  );
  return ratio;
}

function messageOf(size: number): string {
  const payload = { item: "message", text: 'words and "quotes", '.repeat(size / 20) };
  return JSON.stringify({ id: "01912345-6789-7abc-8def-0123456789ab", type: "response_item", payload });
}

/** Nanoseconds a line. */
function measure(json: string): { append: number; bare: number } {
  const id = (sessions += 1).toString(16).padStart(32, "0");
  const log = store.create(id);
  const lines = Math.round(BYTES / (json.length + 500));
  const append = time(lines, () => log.append("outgoing", json));
  const [line = ""] = readFileSync(join(folder, `${id}.jsonl`), "utf8")
    .split("\n")
    .slice(-2);
  const bytes = Buffer.from(`${line}\n`);
  const path = join(folder, "bare");
  const descriptor = openSync(path, "a");
  const bare = time(lines, () => writeSync(descriptor, bytes));
  closeSync(descriptor);
  rmSync(path);
  return { append, bare };
}

function time(lines: number, work: () => void): number {
  const start = process.hrtime.bigint();
  for (let count = 0; count < lines; count += 1) work();
  return Number(process.hrtime.bigint() - start) / lines;
}

function median(numbers: number[]): number {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

function microseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(1)} µs`;
}
