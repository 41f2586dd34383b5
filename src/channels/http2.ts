import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import type { CloseReason, OpenProtocol } from "../contract/protocol.ts";
import { type ChannelParts, Client, type ConnectionFacts, type Speaker } from "./client.ts";
import { systemClock } from "./clock.ts";
import { type FrameReader, LengthReader, LineReader } from "./frame-reader.ts";
import { type ChannelLimits, DEFAULT_CHANNEL_LIMITS } from "./limits.ts";

/** A request whose body and answer are streams of frames. */
export interface FrameStream {
  stream: ServerHttp2Stream;
  contentType: string;
  /** Begins the answer with these headers. */
  readonly begin: (headers: Record<string, string>) => Writable;
}

interface Http2ChannelOptions extends Pick<ChannelParts, "log">, Partial<Pick<ChannelParts, "clock">> {
  limits?: Partial<ChannelLimits>;
}

/** How frames are told apart. The answer has the form of the request. */
interface Framing {
  contentType: string;
  reader(limit: number): FrameReader;
  encode(frame: string): string | Buffer;
}

const LINES: Framing = {
  contentType: "application/x-ndjson",
  reader: (limit) => new LineReader(limit),
  encode: (frame) => `${frame}\n`,
};

const LENGTHS: Framing = {
  contentType: "application/length-prefixed-json",
  reader: (limit) => new LengthReader(limit),
  encode(frame) {
    const length = Buffer.byteLength(frame);
    const bytes = Buffer.allocUnsafe(4 + length);
    bytes.writeUInt32BE(length);
    bytes.write(frame, 4);
    return bytes;
  },
};

/** Moves frames between streams of HTTP/2 and protocols. Each stream is a client of its own. */
export class Http2Channel {
  readonly #parts: ChannelParts;
  readonly #clients = new Map<Client, Http2Session | undefined>();
  readonly #stopHeartbeat: () => void;

  constructor({ limits, log, clock = systemClock }: Http2ChannelOptions) {
    this.#parts = { limits: { ...DEFAULT_CHANNEL_LIMITS, ...limits }, log, clock };
    this.#stopHeartbeat = clock.every(this.#parts.limits.pingIntervalMs, () => this.#heartbeat());
  }

  /** Clients that are connected or about to be. */
  get clients(): Iterable<Client> {
    return this.#clients.keys();
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Rejects with what the protocol refused the client with: the answer has not begun then. */
  async accept(request: FrameStream, facts: ConnectionFacts, open: OpenProtocol): Promise<void> {
    const { stream } = request;
    const client = new Client(facts, this.#parts, () => this.#clients.delete(client));
    this.#clients.set(client, stream.session);
    stream.on("error", (error) =>
      this.#parts.log.debug({ client: facts.info.id, err: error }, "an HTTP/2 stream failed"),
    );
    try {
      const { protocol, headers } = await open(client);
      client.join(protocol);
      this.#attach(client, request, headers);
    } finally {
      // Refused, or the client has left in the meantime.
      if (!client.started) client.leave();
    }
  }

  /** Asks all clients to leave. */
  close(reason: CloseReason): void {
    this.#stopHeartbeat();
    for (const client of this.#clients.keys()) client.end(reason);
  }

  #attach(
    client: Client,
    { stream, contentType, begin }: FrameStream,
    headers: Record<string, string>,
  ): void {
    const { messageBytes, closeTimeoutMs } = this.#parts.limits;
    const framing = isLengths(contentType) ? LENGTHS : LINES;
    begin({ "Content-Type": framing.contentType, ...headers });
    const reader = framing.reader(messageBytes);
    stream.once("close", () => client.leave());
    client.start(speakerOn(stream, framing, closeTimeoutMs), stream);
    const take = (chunk: Buffer) => {
      for (const read of reader.take(chunk)) {
        if ("frame" in read) client.receive(read.frame);
        else {
          // What follows is thrown away, so that the client can read the answer.
          stream.off("data", take).resume();
          client.oversized(read.oversized);
        }
      }
    };
    stream.on("data", take);
    stream.once("end", () => {
      const rest = reader.rest();
      if (rest !== undefined) client.receive(rest);
      client.finished();
    });
  }

  /** A connection is asked once, however many streams it carries. */
  #heartbeat(): void {
    const connections = new Set<Http2Session>();
    for (const [client, connection] of this.#clients) {
      client.heartbeat();
      if (connection !== undefined) connections.add(connection);
    }
    for (const connection of connections) this.#ping(connection);
  }

  #ping(connection: Http2Session): void {
    if (connection.destroyed) return;
    connection.ping((error) => {
      if (error !== null) return;
      for (const [client, own] of this.#clients) if (own === connection) client.ponged();
    });
  }
}

const isLengths = (contentType: string) =>
  contentType.split(";")[0]?.trim().toLowerCase() === LENGTHS.contentType;

const speakerOn = (stream: ServerHttp2Stream, framing: Framing, closeTimeoutMs: number): Speaker => ({
  get bufferedAmount() {
    return stream.writableLength;
  },
  send: (frame) => stream.write(framing.encode(frame)),
  ping(frame) {
    if (frame !== undefined) stream.write(framing.encode(frame));
  },
  close() {
    // A client that is cut off while it sends may throw the last frames away.
    const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), closeTimeoutMs);
    stream.once("close", () => clearTimeout(late)).end();
  },
  terminate: () => stream.close(constants.NGHTTP2_CANCEL),
});
