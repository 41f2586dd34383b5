import type { ServerMessage } from "../../contract/message.ts";
import { duration, money, tokens } from "../parts/format.ts";
import type { NoteEntry } from "./entries.ts";
import { timeOf } from "./time-of.ts";

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** The quiet line for a status; most of them need none. */
export function statusNote(message: Of<"status"> | Of<"context_compacted">): NoteEntry | undefined {
  const note = (text: string, tone: NoteEntry["tone"] = "muted"): NoteEntry => ({
    kind: "note",
    key: message.id,
    text,
    tone,
  });
  if (message.type === "context_compacted") {
    const { oldTokenCount, newTokenCount } = message.payload;
    return note(`Older parts were summarised: ${tokens(oldTokenCount)} → ${tokens(newTokenCount)} tokens.`);
  }
  const { payload } = message;
  switch (payload.kind) {
    case "retrying": {
      const at = timeOf(message.id);
      const text = `Trying again${payload.attempt > 1 ? ` (${payload.attempt})` : ""}: ${payload.reason}`;
      return { ...note(text, "warn"), ...(at !== undefined && { until: at + payload.inMs }) };
    }
    case "model_changed":
      return payload.reason === undefined
        ? note(`Goes on with ${payload.model}.`)
        : note(`Goes on with ${payload.model}, because: ${payload.reason}`, "warn");
    case "named":
      return note(`Named “${payload.name}”.`);
    case "archived":
      return note(payload.archived ? "Archived." : "Taken out of the archive.");
    case "forked":
      return { ...note("This conversation began as a copy of another session."), sessionId: payload.from };
    case "tool_started":
    case "response_finished":
    case "rewound":
      return undefined;
  }
}

/** What a turn came to. */
export function finishedNote(
  { id, payload: { status, usage } }: Of<"agent_finished">,
  startedAt: number | undefined,
): NoteEntry | undefined {
  const at = timeOf(id);
  const words = [
    WORDS[status],
    startedAt !== undefined && at !== undefined && duration(at - startedAt),
    usage && `${tokens(usage.input_tokens + usage.output_tokens)} tokens`,
    usage?.cost_usd && money(usage.cost_usd),
  ].filter((word) => typeof word === "string");
  const tone = status === "completed" ? "muted" : "warn";
  return { kind: "note", key: id, text: words.join(" · "), tone };
}

const WORDS = { completed: "Done", cancelled: "Stopped", failed: "Failed" } as const;
