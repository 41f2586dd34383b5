import type { InputItem, Review, ServerMessage, SessionInfo } from "../contract/message.ts";
import { Address } from "./address.ts";
import { Approver } from "./approver.ts";
import type { AgentClient, ClientState, ConnectOptions } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { Feed } from "./feed.ts";
import { frameOf, readFrame } from "./frame.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { Outbox } from "./outbox.ts";
import { readSent, readTurnEnd } from "./record.ts";
import { Seam } from "./seam.ts";
import { subprotocolsFor } from "./subprotocols.ts";
import { Turn } from "./turn.ts";

const OPEN_TIMEOUT_MS = 10_000;

/** The client of one session, over as many connections as it takes. */
export class Conversation implements AgentClient {
  readonly ready: Promise<SessionInfo>;
  readonly #token: string | undefined;
  readonly #streams: boolean;
  readonly #address: Address;
  readonly #link: Link;
  readonly #seam: Seam;
  readonly #approver: Approver;
  readonly #outbox = new Outbox();
  readonly #turns = new Set<Turn>();
  readonly #feeds = new Set<Feed<ServerMessage>>();
  readonly #messages = new Listeners<[message: ServerMessage]>();
  readonly #states = new Listeners<[state: ClientState, reason?: string]>();
  readonly #firstInfo = Promise.withResolvers<SessionInfo>();
  #infoTimer: ReturnType<typeof setTimeout> | undefined;
  #state: ClientState = "connecting";
  #sessionId: string | undefined;
  #isRunning = false;
  /** What was told up to this number happened before this client came. */
  #past: number | undefined;
  /** How many connections have opened. */
  #connections = 0;
  /** What is said goes out at once. */
  #flows = false;
  #end: ConnectionError | undefined;

  constructor(options: ConnectOptions) {
    const { token, reconnect = true, stream = true, openTimeoutMs = OPEN_TIMEOUT_MS, onApproval } = options;
    const address = new Address(options);
    this.#token = token;
    this.#streams = stream;
    this.#address = address;
    this.#sessionId = address.sessionId;
    this.#seam = new Seam(options.after);
    this.#approver = new Approver(onApproval && ((request) => onApproval(request, this)), this);
    this.ready = this.#firstInfo.promise;
    // Whoever does not wait for it is told by onState.
    this.ready.catch(() => undefined);
    this.#link = new Link({
      where: () => this.#where(),
      protocols: subprotocolsFor(token),
      WebSocket: options.WebSocket ?? WebSocket,
      reconnect,
      openTimeoutMs,
      explain: () => explainRefusal({ address, token, sessionId: this.#sessionId }),
      onOpen: () => this.#opened(openTimeoutMs),
      onFrame: (frame) => this.#receive(frame),
      onState: (state, reason) => this.#become(state, reason),
      onEnd: (error) => this.#ended(error),
    });
    this.#link.open();
  }

  get state(): ClientState {
    return this.#state;
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  subscribe(listener: (message: ServerMessage) => void): () => void {
    return this.#messages.add(listener);
  }

  onState(listener: (state: ClientState, reason?: string) => void): () => void {
    return this.#states.add(listener);
  }

  say(input: string | InputItem[], { model }: { model?: string } = {}): string {
    const items = typeof input === "string" ? [userMessage(input)] : input;
    return this.#send("user_input", { input: items, ...(model !== undefined && { model }) });
  }

  turn(input: string | InputItem[], options?: { model?: string }): AsyncIterableIterator<ServerMessage> {
    const [joins, after] = [this.#isRunning, this.#seam.last ?? -1];
    const turn = new Turn(this.say(input, options), {
      joins,
      after,
      onLeave: () => this.#turns.delete(turn),
    });
    this.#turns.add(turn);
    return turn.feed;
  }

  answer(
    requestId: string,
    review: Review,
    { patch, denyMessage }: { patch?: string; denyMessage?: string } = {},
  ): void {
    this.#send("approval_response", {
      review,
      requestId,
      ...(patch !== undefined && { applyPatch: { patch } }),
      ...(denyMessage !== undefined && { customDenyMessage: denyMessage }),
    });
  }

  cancel(): void {
    this.#send("cancel");
  }

  compact(): void {
    this.#send("manual_compact");
  }

  contextInfo(): void {
    this.#send("get_context_info");
  }

  close(): void {
    this.#link.close(
      new ConnectionError({ code: "closed", message: "the client was closed", retryable: false }),
    );
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ServerMessage> {
    const feed = new Feed<ServerMessage>(() => this.#feeds.delete(feed));
    this.#feeds.add(feed);
    if (this.#end) endFeed(feed, this.#end);
    return feed;
  }

  #send(type: string, payload?: object): string {
    if (this.#end) throw this.#end;
    const { id, frame } = frameOf(type, payload);
    this.#outbox.put(id, frame);
    this.#flush();
    return id;
  }

  #flush(): void {
    if (this.#flows) this.#outbox.flush((frame) => this.#link.send(frame), this.#seam.last ?? -1);
  }

  #where(): URL | undefined {
    if (this.#sessionId !== undefined) return this.#address.socket(this.#sessionId, this.#seam.last);
    return this.#connections === 0 ? this.#address.socket() : undefined;
  }

  #opened(infoTimeoutMs: number): void {
    this.#connections += 1;
    this.#become("open");
    if (this.#connections > 1) return this.#seam.cut();
    this.#infoTimer = setTimeout(() => this.#firstInfo.reject(this.#noInfo()), infoTimeoutMs);
    this.#flows = true;
    this.#flush();
  }

  #noInfo(): ConnectionError {
    const message = `${this.#address.origin} tells no session_info: it may be no AgentLoop server, or an old one`;
    return new ConnectionError({ code: "not_agentloop", message, retryable: false });
  }

  #receive(frame: string): void {
    const read = readFrame(frame);
    const message = read && this.#seam.pass(read);
    if (message === undefined) return;
    this.#follow(message);
    if (message.type === "response_delta" && !this.#streams) return;
    this.#messages.tell(message);
    if (!this.#isPast(message)) for (const turn of this.#turns) turn.take(message);
    for (const feed of this.#feeds) feed.put(message);
    this.#approver.take(message);
  }

  #isPast({ seq = Infinity }: ServerMessage): boolean {
    return seq <= (this.#past ?? -1);
  }

  #follow(message: ServerMessage): void {
    if (!this.#isPast(message)) this.#isRunning = runsAfter(message) ?? this.#isRunning;
    // The rest of what was sent on this connection will not be read; none of it may be sent again and again.
    if (message.type === "error" && message.payload.details?.code === "message_too_large")
      this.#outbox.forget();
    if (message.type === "session_info") this.#attached(message.payload);
  }

  #attached(info: SessionInfo): void {
    clearTimeout(this.#infoTimer);
    this.#sessionId = info.session_id;
    this.#isRunning = info.state === "running";
    // What was said before the first of these is not what runs.
    if (this.#past === undefined && this.#isRunning) for (const turn of this.#turns) turn.join();
    // A server that lost the end of its log in a crash counts on from an earlier number.
    this.#past = Math.min(this.#past ?? Infinity, info.head_seq);
    this.#firstInfo.resolve(info);
    if (!this.#flows) void this.#settle(info, this.#connections);
  }

  /** After a lost connection: finds out what it swallowed, sends that again, and then what waits. */
  async #settle({ session_id: sessionId, state }: SessionInfo, connection: number): Promise<void> {
    const asked = { address: this.#address, token: this.#token, sessionId };
    const { unsure } = this.#outbox;
    const sent = unsure[0] && (await readSent(asked, Math.min(...unsure.map(({ after }) => after))));
    // When nobody can say, nothing is done twice.
    const arrived = (id: string) =>
      sent === undefined || sent.has(id) || !unsure.some((one) => one.id === id);
    const begun = [...this.#turns].filter(({ id }) => arrived(id) && !this.#outbox.waits(id));
    const ends = await Promise.all(
      state === "idle"
        ? begun.map(async (turn) => {
            const after = Math.max(turn.after, this.#past ?? -1);
            return [turn, await readTurnEnd(asked, after)] as const;
          })
        : [],
    );
    if (this.#connections !== connection || this.#state !== "open") return;
    for (const [turn, ended] of ends) if (ended === false) turn.fail(turnLost());
    this.#outbox.settle(arrived);
    this.#flows = true;
    this.#flush();
  }

  #become(state: ClientState, reason?: string): void {
    if (state !== "open") this.#flows = false;
    this.#state = state;
    this.#states.tell(state, reason);
  }

  #ended(error: ConnectionError): void {
    clearTimeout(this.#infoTimer);
    this.#end = error;
    this.#firstInfo.reject(error);
    for (const turn of this.#turns) turn.fail(error);
    for (const feed of this.#feeds) endFeed(feed, error);
  }
}

/** Whoever closed the client knows that it is over. */
const endFeed = (feed: Feed<ServerMessage>, error: ConnectionError) =>
  feed.end(error.code === "closed" ? undefined : error);

/** Whether a turn runs after this; undefined where it does not say. */
function runsAfter({ type, payload }: ServerMessage): boolean | undefined {
  if (type === "loading_state") return payload.loading;
  return type === "agent_finished" ? false : undefined;
}

const userMessage = (text: string): InputItem => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

const turnLost = () =>
  new ConnectionError({
    code: "turn_lost",
    message: "the turn was lost: the server ended before it was over",
    retryable: false,
  });
