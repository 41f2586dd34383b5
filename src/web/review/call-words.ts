import { commandLine } from "../parts/command.ts";
import { listAt, textAt, textsAt, told } from "./read.ts";

/** What a call does, of a request for approval or a start. */
export function callWords(payload: unknown): string {
  const files = listAt(payload, "files");
  if (files.length > 0) return fileWords(files);
  const command = textsAt(payload, "command");
  if (command[0] === "apply_patch") return "apply_patch";
  return command.length > 0
    ? commandLine(command)
    : (textAt(payload, "name") ?? textAt(payload, "tool") ?? "a tool");
}

const KINDS: Record<string, string> = { add: "add", update: "change", delete: "delete", move: "move" };

function fileWords(files: readonly unknown[]): string {
  const words = files.slice(0, 4).map((file) => {
    const kind = textAt(file, "kind") ?? "";
    return `${told(KINDS, kind) ?? kind} ${textAt(file, "path") ?? "?"}`;
  });
  return files.length > 4 ? `${words.join(", ")} and ${files.length - 4} more` : words.join(", ");
}

const ANSWERS: Record<string, string> = {
  YES: "Approved",
  ALWAYS: "Approved for the session",
  NO: "Denied, and the turn stopped",
  NO_CONTINUE: "Denied",
  EXPLAIN: "Asked for an explanation",
};

export const answerWord = (review: string | undefined): string =>
  told(ANSWERS, (review ?? "").toUpperCase().replaceAll("-", "_")) ?? review ?? "?";

const DECIDERS: Record<string, string> = {
  client: "by a client",
  policy: "by the policy",
  timeout: "because nobody answered",
  cancel: "because the turn was stopped",
};

export const deciderWords = (decidedBy: string | undefined): string => told(DECIDERS, decidedBy ?? "") ?? "";
