import { z } from "zod";
import { AgentError } from "../contract/error.ts";
import { type AuditStore, EXPORT_FORMATS, type ExportFormat, type Seq } from "../contract/log.ts";
import type { Page, PageAnswer } from "../contract/page.ts";
import { json } from "./pieces.ts";
import { number, readQuery } from "./query.ts";
import { record } from "./record.ts";

const TYPES: Record<ExportFormat, { type: string; ending: string }> = {
  jsonl: { type: "application/jsonl; charset=utf-8", ending: "jsonl" },
  csv: { type: "text/csv; charset=utf-8", ending: "csv" },
  ocsf: { type: "application/jsonl; charset=utf-8", ending: "ocsf.jsonl" },
  markdown: { type: "text/markdown; charset=utf-8", ending: "md" },
};

export const ExportQuery = z.strictObject({
  format: z.enum(EXPORT_FORMATS, `expected one of ${EXPORT_FORMATS.join(", ")}`),
});
export const LogQuery = z.strictObject({
  seq: number("expected a line's seq", 0, Number.MAX_SAFE_INTEGER).optional(),
});
const NoQuery = z.strictObject({});

/** `GET /sessions/{session_id}/log`: the log's own bytes; with `?seq=` those of one line. */
export const showLog =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { session_id = "" } = request.params;
    const { seq } = readQuery(LogQuery, request.query);
    record(recordRead, "log", request);
    if (seq === undefined) return attachment(session_id, "jsonl", records.raw(session_id));
    const line = await findLine(records.raw(session_id), seq);
    if (line !== undefined) return attachment(session_id, "jsonl", line);
    throw new AgentError("invalid_message", `session ${session_id} has no line ${seq}`);
  };

/** The first line with this number, as it stands in the log. */
async function findLine(bytes: AsyncIterable<Uint8Array>, seq: Seq): Promise<string | undefined> {
  for await (const line of linesOf(bytes)) {
    // Most lines need not be read for that.
    if (line.includes(`"seq":${seq}`) && seqOf(line) === seq) return `${line}\n`;
  }
  return undefined;
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function seqOf(line: string): Seq | undefined {
  try {
    return z.object({ seq: z.number() }).safeParse(JSON.parse(line)).data?.seq;
  } catch {
    return undefined;
  }
}

/** `GET /sessions/{session_id}/export?format=jsonl|csv|ocsf|markdown`. */
export const exportSession =
  ({ records, recordRead }: AuditStore): Page =>
  async (request) => {
    const { session_id = "" } = request.params;
    const { format } = readQuery(ExportQuery, request.query);
    record(recordRead, "export", request);
    return attachment(session_id, format, records.export(session_id, format));
  };

/** `GET /sessions/{session_id}/verify`: a VerifyReport. */
export const verifySession =
  (store: AuditStore): Page =>
  async (request) => {
    readQuery(NoQuery, request.query);
    const report = await store.verify(request.params["session_id"] ?? "");
    record(store.recordRead, "verify", request);
    return json(JSON.stringify(report));
  };

/** `GET /audit/key`: the public key that checkpoints are signed with. */
export const showKey =
  (store: AuditStore): Page =>
  async (request) => {
    readQuery(NoQuery, request.query);
    const { publicKey } = store;
    if (publicKey === undefined)
      throw new AgentError("log_unavailable", "the logs live in memory and are not signed");
    return { status: 200, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: `${publicKey}\n` };
  };

/** To be saved, not shown: what stands in a log is not for a browser to run. */
const attachment = (id: string, format: ExportFormat, body: PageAnswer["body"]): PageAnswer => ({
  status: 200,
  headers: {
    "Content-Type": TYPES[format].type,
    "Content-Disposition": `attachment; filename="${id}.${TYPES[format].ending}"`,
  },
  body,
});
