import type { ExportFormat } from "../../contract/log.ts";

const WORDS: Record<ExportFormat, { name: string; what: string }> = {
  jsonl: { name: "JSONL", what: "The log itself, with its hashes" },
  csv: { name: "CSV", what: "One row an event, for a spreadsheet" },
  ocsf: { name: "OCSF", what: "For a security information system" },
  markdown: { name: "Markdown", what: "The conversation, to read" },
};

export const EXPORTS = Object.entries(WORDS).map(([format, words]) => ({ format, ...words }));
