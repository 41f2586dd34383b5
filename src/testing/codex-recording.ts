import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Arrived } from "./codex-client.ts";
import { at } from "./codex-client.ts";

const Line = z.object({
  conn: z.string().default(""),
  dir: z.enum(["c2s", "s2c", "meta"]),
  msg: z.record(z.string(), z.unknown()).optional(),
  raw: z.string().optional(),
});

/** One line of a recorded conversation; `connection` is empty for what concerns the server. */
export type Recorded =
  | { kind: "sent"; connection: string; frame: string; method: string | undefined }
  | { kind: "came"; connection: string; message: Arrived }
  | { kind: "closed"; connection: string }
  | { kind: "restarted" };

export function readRecording(path: string): Recorded[] {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => {
    const { conn: connection, dir, msg = {}, raw } = Line.parse(JSON.parse(line));
    if (dir === "s2c") return { kind: "came", connection, message: msg };
    if (dir === "meta") return connection === "" ? { kind: "restarted" } : { kind: "closed", connection };
    const method = typeof msg["method"] === "string" ? msg["method"] : undefined;
    return { kind: "sent", connection, frame: raw ?? JSON.stringify(withLongText(msg)), method };
  });
}

/** A long text stands cut in the recording, with its length. */
const withLongText = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value).replaceAll(/"(x)x*\u2026\((\d+) chars\)"/g, (_all, letter: string, count: string) =>
      JSON.stringify(letter.repeat(Number(count))),
    ),
  );

/** What we have no use for: the recorded server's own affairs. */
const FOREIGN: ReadonlySet<string> = new Set([
  "remoteControl/status/changed",
  "deprecationNotice",
  "thread/goal/cleared",
  // That the model of the recordings is unknown; we have limits of no account, and tell them less often.
  "warning",
  "account/rateLimits/updated",
]);

/** What a message means, without its ids, times and texts; undefined for what is not compared. */
export function meaningOf(message: Arrived, methodOf: (id: string | number) => string | undefined) {
  const { id, method, params, error } = message;
  if (method !== undefined && FOREIGN.has(method)) return undefined;
  const asked = methodOf(id ?? "") ?? "nothing";
  if (error) return `error ${error.code} to ${asked}`;
  if (method === undefined) return `result of ${asked}`;
  if (id !== undefined) return `request ${id} ${method}`;
  const details = [
    at(params, "status", "type"),
    at(params, "status", "activeFlags", 0),
    at(params, "item", "type"),
    at(params, "item", "status"),
    at(params, "turn", "status"),
    at(params, "requestId"),
  ];
  return [
    method,
    ...details.flatMap((detail) =>
      typeof detail === "string" || typeof detail === "number" ? [detail] : [],
    ),
  ].join(" ");
}

/** One place where two conversations differ. */
export interface Difference {
  /** `missing` in ours, or `extra` there. */
  kind: "missing" | "extra";
  meaning: string;
  /** What stands before it in both. */
  after: string;
}

/** What must be left out of one list, and put into it, to have the other. */
export function compare(recorded: readonly string[], ours: readonly string[]): Difference[] {
  const lengths = commonLengths(recorded, ours);
  const differences: Difference[] = [];
  let after = "the beginning";
  let [row, column] = [0, 0];
  while (row < recorded.length || column < ours.length) {
    const [one, other] = [recorded[row], ours[column]];
    if (one !== undefined && one === other) {
      after = one;
      row += 1;
      column += 1;
    } else if (
      other === undefined ||
      (one !== undefined && lengthAt(lengths, row + 1, column) >= lengthAt(lengths, row, column + 1))
    ) {
      differences.push({ kind: "missing", meaning: one ?? "", after });
      row += 1;
    } else {
      differences.push({ kind: "extra", meaning: other, after });
      column += 1;
    }
  }
  return differences;
}

const lengthAt = (lengths: number[][], row: number, column: number) => lengths[row]?.[column] ?? 0;

/** How many entries the rests of both lists have in common, from each pair of places on. */
function commonLengths(one: readonly string[], other: readonly string[]): number[][] {
  const lengths = Array.from({ length: one.length + 1 }, () =>
    Array.from({ length: other.length + 1 }, () => 0),
  );
  for (let row = one.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      const longest =
        one[row] === other[column]
          ? lengthAt(lengths, row + 1, column + 1) + 1
          : Math.max(lengthAt(lengths, row + 1, column), lengthAt(lengths, row, column + 1));
      const line = lengths[row];
      if (line) line[column] = longest;
    }
  }
  return lengths;
}

/** Deltas are as many as a model likes. */
export const withoutRepeats = (meanings: readonly string[]) =>
  meanings.filter((meaning, index) => !/[dD]elta$/.test(meaning) || meanings[index - 1] !== meaning);
