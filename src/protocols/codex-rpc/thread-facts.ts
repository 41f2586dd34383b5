import type { Conversation, LogLine, SessionId } from "../../contract/log.ts";
import { ServerMessage, type SessionInfo } from "../../contract/message.ts";
import { seconds } from "./running-turn.ts";
import { toThreadId } from "./thread-id.ts";
import type { Thread, ThreadStatus, Turn } from "./wire.ts";

/** How much of the first user's message stands for a thread in a list, in characters. */
const PREVIEW_LENGTH = 200;

/** What a list shows of a thread, read from its log. */
export class ThreadFacts {
  readonly id: SessionId;
  preview = "";
  name: string | null = null;
  isArchived = false;
  createdAtMs = 0;
  updatedAtMs = 0;
  #forkedFrom: SessionId | undefined;
  #model = "";
  #provider = "";
  #workspace: string | undefined;

  constructor(id: SessionId) {
    this.id = id;
  }

  static of(conversation: Conversation): ThreadFacts {
    const facts = new ThreadFacts(conversation.session_id);
    facts.preview = conversation.preview.slice(0, PREVIEW_LENGTH);
    facts.name = conversation.name;
    facts.isArchived = conversation.put_away;
    facts.createdAtMs = Date.parse(conversation.start_time);
    facts.updatedAtMs = Date.parse(conversation.last_activity);
    facts.#forkedFrom = conversation.forked_from ?? undefined;
    facts.#model = conversation.model ?? "";
    facts.#provider = conversation.provider ?? "";
    facts.#workspace = conversation.workspace ?? undefined;
    return facts;
  }

  /** A line of the log, with the message in it if there is one. */
  take({ timestamp }: Pick<LogLine, "timestamp">, message: ServerMessage | undefined): void {
    const at = Date.parse(timestamp);
    this.createdAtMs ||= at;
    this.updatedAtMs = at;
    if (message?.type === "session_info") this.takeInfo(message.payload);
    if (message?.type === "response_item" && this.preview === "") this.#takeItem(message.payload);
    if (message?.type === "status") this.#takeStatus(message.payload);
  }

  takeInfo({ model, provider, workspace }: SessionInfo): void {
    this.#model = model;
    this.#provider = provider;
    this.#workspace = workspace;
  }

  /** `version`: the server's own. */
  asThread({ status, turns, version }: { status: ThreadStatus; turns: Turn[]; version: string }): Thread {
    const id = toThreadId(this.id);
    return {
      id,
      sessionId: id,
      preview: this.preview,
      ephemeral: false,
      projectId: null,
      historyMode: "paginated",
      modelProvider: this.#provider,
      model: this.#model,
      createdAt: seconds(this.createdAtMs),
      updatedAt: seconds(this.updatedAtMs),
      recencyAt: seconds(this.updatedAtMs),
      status,
      path: null,
      cwd: this.#workspace ?? "/",
      cliVersion: version,
      source: "appServer",
      forkedFromId: this.#forkedFrom === undefined ? null : toThreadId(this.#forkedFrom),
      gitInfo: null,
      name: this.name,
      turns,
    };
  }

  #takeItem(item: Extract<ServerMessage, { type: "response_item" }>["payload"]): void {
    if (item.type !== "message" || item.role !== "user") return;
    const text = item.content.map((part) => ("text" in part ? part.text : "")).join(" ");
    this.preview = text.slice(0, PREVIEW_LENGTH);
  }

  #takeStatus(status: Extract<ServerMessage, { type: "status" }>["payload"]): void {
    if (status.kind === "named") this.name = status.name;
    if (status.kind === "archived") this.isArchived = status.archived;
    // A copy of a copy has both stories: its own comes first.
    if (status.kind === "forked") this.#forkedFrom ??= status.from;
    if (status.kind === "model_changed") {
      this.#model = status.model;
      this.#provider = status.provider;
    }
  }
}

/** The message of a line that was told, if it is one that this server knows. */
export function messageOf({ direction, message_data: data }: LogLine): ServerMessage | undefined {
  if (direction === "incoming") return undefined;
  const message = ServerMessage.safeParse(data);
  return message.success ? message.data : undefined;
}
