import type { LogLine } from "../../contract/log.ts";
import { typeOf } from "./message.ts";
import { textOf } from "../search-text.ts";

type Cell = string | number | null | undefined;

const COLUMNS = [
  "seq",
  "timestamp",
  "direction",
  "type",
  "client",
  "door",
  "peer",
  "text",
  "command",
  "cwd",
  "exit_code",
  "duration_ms",
  "files",
  "approval_request",
  "review",
  "decided_by",
  "decided_by_client",
  "provider",
  "model",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "message_data",
] as const;

/** One row a line of the log, as RFC 4180 says. No cell is a formula to the program that opens it. */
export async function* csvOf(lines: AsyncIterable<LogLine>): AsyncGenerator<string> {
  yield row(COLUMNS);
  for await (const line of lines) yield row(cellsOf(line));
}

function cellsOf(line: LogLine): Cell[] {
  const { client, tool, approval, response } = line.audit ?? {};
  const cells: Record<(typeof COLUMNS)[number], Cell> = {
    seq: line.seq,
    timestamp: line.timestamp,
    direction: line.direction,
    type: typeOf(line),
    client: client?.id,
    door: client?.door,
    peer: client?.peer,
    text: textOf(line.message_data),
    command: tool?.argv && JSON.stringify(tool.argv),
    cwd: tool?.cwd,
    exit_code: tool?.exit_code,
    duration_ms: tool?.duration_ms,
    files: tool?.files?.map(({ path }) => path).join("\n"),
    approval_request: approval?.request_id,
    review: approval?.review,
    decided_by: approval?.decided_by,
    decided_by_client: approval?.client,
    provider: response?.provider,
    model: response?.served_model ?? response?.requested_model,
    input_tokens: response?.usage.input_tokens,
    output_tokens: response?.usage.output_tokens,
    cost_usd: response?.usage.cost_usd,
    message_data: JSON.stringify(line.message_data),
  };
  return COLUMNS.map((name) => cells[name]);
}

const row = (cells: readonly Cell[]): string => `${cells.map(written).join(",")}\r\n`;

/** What a spreadsheet takes for the beginning of a formula, also after spaces and in full width. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@＝＋－＠|%]/u;

/** What a spreadsheet can neither show nor keep apart from its own signs. */
const UNSHOWN = /[\p{Cc}\p{Bidi_Control}]/gu;

function written(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  const text = (cell ?? "").replace(UNSHOWN, (character) => (character === "\n" ? "\n" : " "));
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
