import { AgentError } from "../../contract/error.ts";
import type { InputItem } from "../../contract/message.ts";
import type { CloseReason, Connection, OpenProtocol, Protocol } from "../../contract/protocol.ts";
import type { Entry, Session, Subscriber } from "../../contract/session.ts";
import { ask, userText } from "../ask.ts";
import { readJson } from "../read-json.ts";
import { createSession, findSession } from "./binding.ts";
import { ClientFrame, type UserMessage } from "./frames.ts";
import { codeOf, errorFrame, told } from "./told.ts";

/** Reads an image in a workspace into a `data:` URL. Throws AgentError `invalid_message`. */
export type ReadImage = (workspace: string, path: string) => Promise<string>;

/** The protocol of `POST /agent/stream`: JSON frames both ways. The first frame that names a session binds the stream. */
export const openAgentStream =
  (readImage: ReadImage): OpenProtocol =>
  (connection) =>
    Promise.resolve({ protocol: new AgentStream(connection, readImage), headers: {} });

/** What may wait while a session is opened, in characters. */
const MAX_WAITING = 4 * 1024 * 1024;

interface Bound {
  session: Session;
  /** What the client calls it. */
  name: string;
  detach: () => void;
}

class AgentStream implements Protocol {
  readonly #connection: Connection;
  readonly #readImage: ReadImage;
  readonly #subscriber: Subscriber;
  /** Frames are handled one after the other. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #bound: Bound | undefined;
  #streams = false;
  #finished = false;
  #closed = false;

  constructor(connection: Connection, readImage: ReadImage) {
    this.#connection = connection;
    this.#readImage = readImage;
    this.#subscriber = {
      info: connection.info,
      deliver: (entry) => this.#deliver(entry),
      drained: () => connection.drained(),
      end: (reason) => connection.end(reason),
    };
  }

  receive(frame: string): void {
    this.#waiting += frame.length;
    if (this.#waiting > MAX_WAITING) return this.#connection.end("rate_limited");
    this.#next(async () => {
      this.#waiting -= frame.length;
      try {
        await this.#handle(readJson(frame, ClientFrame));
      } catch (error) {
        this.#refuse(frame, error);
      }
    });
  }

  oversized(head: string): void {
    const text = "The frame is larger than the server takes (MAX_MESSAGE_BYTES).";
    this.#refuse(head, new AgentError("message_too_large", text));
  }

  limited(): void {
    const text = "Too many frames a second (MAX_MESSAGES_PER_SECOND).";
    this.#refuse("", new AgentError("rate_limited", text, { retryable: true }));
  }

  heartbeat(): string {
    return JSON.stringify(heartbeat());
  }

  finished(): void {
    this.#next(async () => {
      this.#finished = true;
      this.#endWhenIdle();
    });
  }

  farewell(reason: CloseReason): string {
    return JSON.stringify({ type: "terminate", reason: this.#finished ? "finished" : reason });
  }

  closed(): void {
    this.#closed = true;
    this.#bound?.detach();
  }

  #next(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#closed ? undefined : work()))
      .catch((error: unknown) => this.#connection.fail(error));
  }

  async #handle(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case "heartbeat":
        return this.#send(heartbeat());
      case "user_message":
        return await this.#takeInput(frame);
      case "approve": {
        const session = await this.#boundTo(frame.sessionId);
        const { commandId: requestId, decision: review, explanation: customDenyMessage } = frame;
        const payload = { review, requestId, customDenyMessage, applyPatch: undefined };
        return ask(session, { type: "approval_response", payload }, this.#subscriber);
      }
      case "cancel":
        return ask(await this.#boundTo(frame.sessionId), { type: "cancel" }, this.#subscriber);
    }
  }

  async #takeInput(frame: UserMessage): Promise<void> {
    const { model, approvalPolicy, stream } = frame.configOverrides ?? {};
    if (stream !== undefined) this.#streams = stream;
    const isNew = await this.#bindOrCreate(frame);
    const session = this.#sessionOf(frame.sessionId);
    const own = session.info().approvalPolicy;
    if (!isNew && approvalPolicy !== undefined && approvalPolicy !== own) {
      const text = `configOverrides.approvalPolicy: the session has ${own}, which is chosen by its first message.`;
      throw new AgentError("invalid_message", text);
    }
    const input = await this.#input(frame, session.info().workspace);
    const payload = { input, model: isNew ? undefined : model, previousResponseId: undefined };
    ask(session, { type: "user_input", payload }, this.#subscriber);
  }

  async #input({ content, imagePaths = [] }: UserMessage, workspace: string): Promise<InputItem[]> {
    const items: InputItem[] = userText(content);
    for (const path of imagePaths) {
      const image_url = await this.#readImage(workspace, path);
      items[0]?.content.push({ type: "input_image", image_url });
    }
    return items;
  }

  /** True when the session is a new one. */
  async #bindOrCreate({ sessionId: name, configOverrides }: UserMessage): Promise<boolean> {
    if (this.#bound !== undefined) return false;
    const { sessions, info } = this.#connection;
    const found = name === undefined ? undefined : await findSession(sessions, name);
    if (found !== undefined) {
      this.#bind(found, name);
      return false;
    }
    const { model, approvalPolicy } = configOverrides ?? {};
    const session = await createSession(sessions, name, { model, approvalPolicy });
    this.#bind(session, name);
    if (name !== undefined) session.note({ kind: "named", name }, JSON.stringify({ sessionId: name }), info);
    return true;
  }

  /** For frames that never make a session. */
  async #boundTo(name: string | undefined): Promise<Session> {
    if (this.#bound === undefined && name !== undefined) {
      const found = await findSession(this.#connection.sessions, name);
      if (found !== undefined) this.#bind(found, name);
    }
    return this.#sessionOf(name);
  }

  #sessionOf(name: string | undefined): Session {
    const bound = this.#bound;
    if (bound === undefined) {
      throw new FrameError(
        "SESSION_NOT_INIT",
        "Expected a user_message first, or the sessionId of a session.",
      );
    }
    if (name === undefined || name === bound.name || name === bound.session.id) return bound.session;
    const text = `This stream belongs to session ${bound.name}; open another stream for another session.`;
    throw new FrameError("SESSION_ID_MISMATCH", text);
  }

  #bind(session: Session, name: string = session.id): void {
    if (this.#closed) throw new AgentError("unknown_session", "The client has left.");
    // The session speaks as soon as it is attached to.
    this.#bound = { session, name, detach: () => undefined };
    this.#bound.detach = session.attach(this.#subscriber);
  }

  #deliver({ message }: Entry): void {
    const isDelta = message.type === "response_delta";
    if (isDelta && !this.#streams) return;
    for (const frame of told(message)) this.#send({ ...frame, sessionId: this.#bound?.name }, isDelta);
    // The next turn, of input that waited, begins as soon as all have been told of this one's end.
    if (message.type === "agent_finished") setImmediate(() => this.#endWhenIdle());
  }

  #endWhenIdle(): void {
    if (this.#finished && this.#bound?.session.info().state !== "running") {
      this.#connection.end("session_ended");
    }
  }

  /** What is wrong with a frame stands in the log of the session, if there is one. */
  #refuse(frame: string, error: unknown): void {
    if (error instanceof FrameError) return this.#send(errorFrame(error.code, error.message));
    if (!(error instanceof AgentError)) throw error;
    if (this.#bound !== undefined) this.#bound.session.refuse(frame, error, this.#subscriber);
    else this.#send(errorFrame(codeOf(error.code), error.message, error.retryable));
  }

  #send(frame: object, droppable = false): void {
    this.#connection.send(JSON.stringify(frame), droppable);
  }
}

/** What only this protocol has a code for. */
class FrameError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const heartbeat = () => ({ type: "heartbeat", timestamp: new Date().toISOString() });
