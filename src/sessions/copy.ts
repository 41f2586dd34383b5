import { v7 as uuid } from "uuid";
import { z } from "zod";
import type { LogLine, Seq, SessionId, SessionLog } from "../contract/log.ts";
import type { Model } from "../contract/model.ts";
import { ServerMessage, type ServerBody, type SessionInfo } from "../contract/message.ts";
import { toldToEveryone } from "./replay.ts";

/** What belongs to one session alone: its clients, its questions, its place in a list, its pieces that the items repeat. */
const NOT_COPIED: ReadonlySet<string> = new Set(["response_delta", "approval_request", "approval_resolved"]);

interface Source {
  source: SessionId;
  lines: AsyncIterable<LogLine>;
  upTo: Seq;
  /** What the source began with, where the copy goes on with its model. */
  inherited: SessionInfo | undefined;
  /** The model that the copy goes on with in place of the source's. */
  chosen: Pick<Model, "provider" | "name"> | undefined;
}

/** Writes another session's conversation into a new log, message by message with their ids. */
export async function copyConversation(
  { source, lines, upTo, inherited, chosen }: Source,
  log: SessionLog,
): Promise<void> {
  const write = (body: ServerBody) => log.append("outgoing", JSON.stringify({ id: uuid(), ...body }));
  write({ type: "status", payload: { kind: "forked", from: source } });
  if (inherited) {
    const { model, provider } = inherited;
    write({ type: "status", payload: { kind: "model_changed", model, provider } });
  }
  for await (const { message, json } of toldToEveryone(lines, upTo)) {
    if (NOT_COPIED.has(message.type) || isArchiving(message)) continue;
    log.append("outgoing", json, { copied: true });
  }
  if (chosen) {
    const { name, provider } = chosen;
    write({ type: "status", payload: { kind: "model_changed", model: name, provider } });
  }
}

const isArchiving = ({ type, payload }: ServerMessage) => type === "status" && payload.kind === "archived";

/** What a session's first client was told of it. */
export async function firstInfo(lines: AsyncIterable<LogLine>): Promise<SessionInfo | undefined> {
  for await (const { direction, message_data: data } of lines) {
    if (direction === "incoming" || !IsInfo.safeParse(data).success) continue;
    const message = ServerMessage.safeParse(data);
    if (message.success && message.data.type === "session_info") return message.data.payload;
  }
  return undefined;
}

const IsInfo = z.object({ type: z.literal("session_info") });
