import type { ExportFormat, LogLine, SessionListing } from "../../contract/log.ts";
import { csvOf } from "./csv.ts";
import { markdownOf } from "./markdown.ts";
import { ocsfOf } from "./ocsf.ts";

/** A session's log in the format that somebody else reads, piece by piece. */
export function exportLog(
  format: Exclude<ExportFormat, "jsonl">,
  session: SessionListing,
  lines: AsyncIterable<LogLine>,
): AsyncIterable<string> {
  switch (format) {
    case "csv":
      return csvOf(lines);
    case "ocsf":
      return ocsfOf(session, lines);
    case "markdown":
      return markdownOf(session, lines);
  }
}
