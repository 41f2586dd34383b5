import type { LogLine } from "../../contract/log.ts";
import { describeEvent, type EventRow } from "./events.ts";
import { listAt, numberAt, textAt, valueAt } from "./read.ts";
import { PlayTimes } from "./replay.ts";
import { SpanBuilder } from "./spans.ts";

/** What a session had used when a response was finished. */
export interface UsagePoint {
  seq: number;
  at: number;
  model: string;
  /** Sums from the beginning of the session. */
  input: number;
  output: number;
  /** US dollars, of the responses whose price is known. */
  cost: number;
  /** Responses so far whose price is not known. */
  unpriced: number;
}

/** A file that a tool changed, or was about to. */
export interface ChangedFile {
  path: string;
  kind: string;
  /** The line that has the diff. */
  seq: number;
  outcome: "running" | "done" | "failed";
}

/** What is kept of every line of a session, and what the lines come to. */
export class Outline {
  readonly rows: EventRow[] = [];
  readonly times = new PlayTimes();
  readonly timeline = new SpanBuilder();
  readonly usage: UsagePoint[] = [];
  readonly files: ChangedFile[] = [];
  /** Who took part: a client's id, and how it came in. */
  readonly clients = new Map<string, string>();
  readonly #open = new Map<string, ChangedFile[]>();

  /** The lines one after the other. */
  add(line: LogLine): void {
    const row = describeEvent(line);
    this.rows.push(row);
    this.times.add(line, row.at);
    this.timeline.add(row, line);
    this.#noteClient(line);
    const payload = valueAt(line.message_data, "payload");
    // What was copied from another session that one has paid for.
    if (row.kind === "usage" && valueAt(line.audit, "copied") !== true) this.#noteUsage(row, payload);
    if (row.kind === "tool") this.#noteFiles(row, payload);
    if (row.kind === "output") this.#settleFiles(row, textAt(payload, "call_id") ?? "");
  }

  #noteClient({ audit }: LogLine): void {
    const id = textAt(audit, "client", "id");
    if (id === undefined || this.clients.has(id)) return;
    const peer = textAt(audit, "client", "peer");
    this.clients.set(
      id,
      `${textAt(audit, "client", "door") ?? "?"}${peer === undefined ? "" : ` from ${peer}`}`,
    );
  }

  #noteUsage({ seq, at }: EventRow, payload: unknown): void {
    const last = this.usage.at(-1);
    const cost = numberAt(payload, "usage", "cost_usd");
    this.usage.push({
      seq,
      at,
      model: textAt(payload, "model") ?? "?",
      input: (last?.input ?? 0) + (numberAt(payload, "usage", "input_tokens") ?? 0),
      output: (last?.output ?? 0) + (numberAt(payload, "usage", "output_tokens") ?? 0),
      cost: (last?.cost ?? 0) + (cost ?? 0),
      unpriced: (last?.unpriced ?? 0) + (cost === undefined ? 1 : 0),
    });
  }

  #noteFiles({ seq }: EventRow, payload: unknown): void {
    const files = listAt(payload, "files").map((file): ChangedFile => {
      return { path: textAt(file, "path") ?? "", kind: textAt(file, "kind") ?? "", seq, outcome: "running" };
    });
    if (files.length === 0) return;
    this.files.push(...files);
    this.#open.set(textAt(payload, "callId") ?? "", files);
  }

  #settleFiles({ tone }: EventRow, callId: string): void {
    for (const file of this.#open.get(callId) ?? []) file.outcome = tone === "bad" ? "failed" : "done";
    this.#open.delete(callId);
  }
}
