import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from "node:http2";
import { once } from "node:events";
import { Mailbox } from "./mailbox.ts";

const LENGTHS = "application/length-prefixed-json";

/** One stream of frames over HTTP/2, as a client has it. */
export class FrameClient {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  readonly frames = new Mailbox<string>();
  /** All frames so far. */
  readonly all: string[] = [];
  /** Resolves with the last frame when the stream has ended; undefined when there was none. */
  readonly ended: Promise<string | undefined>;
  readonly #lengths: boolean;
  #bytes = Buffer.alloc(0);

  private constructor(
    session: ClientHttp2Session,
    path: string,
    headers: { "content-type": string; authorization?: string },
  ) {
    this.session = session;
    this.#lengths = headers["content-type"] === LENGTHS;
    this.stream = session.request({ ":method": "POST", ":path": path, ...headers });
    this.stream.on("error", () => undefined);
    this.stream.on("data", (chunk: Buffer) => this.#take(chunk));
    this.stream.once("end", () => this.stream.end());
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.stream.once("close", () => resolve(this.all.at(-1)));
    this.ended = promise;
  }

  /**
   * Resolves when the server has let the client in. `session`: a connection that there is; `first`: a frame to send
   * without waiting for that.
   */
  static async open(
    origin: string,
    {
      path = "/agent/stream",
      contentType = "application/x-ndjson",
      session = connectTo(origin),
      headers = {},
      first = undefined as string | undefined,
    } = {},
  ): Promise<FrameClient> {
    const client = new FrameClient(session, path, { "content-type": contentType, ...headers });
    if (first !== undefined) client.send(first);
    const [answer] = await once(client.stream, "response");
    if (answer[":status"] !== 200) throw new Refused(answer[":status"], await client.#text());
    return client;
  }

  send(frame: string): void {
    const bytes = Buffer.from(frame);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes.length);
    this.stream.write(this.#lengths ? Buffer.concat([prefix, bytes]) : `${frame}\n`);
  }

  /** The next frame, parsed. */
  async next(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.frames.take()) as Record<string, unknown>;
  }

  /** The next frame that has these fields. */
  async find(wanted: Record<string, unknown>): Promise<Record<string, unknown>> {
    for (;;) {
      const frame = await this.next();
      if (Object.entries(wanted).every(([name, value]) => frame[name] === value)) return frame;
    }
  }

  leave(): void {
    this.stream.close();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let frame = this.#frame(); frame !== undefined; frame = this.#frame()) {
      this.all.push(frame);
      this.frames.put(frame);
    }
  }

  #frame(): string | undefined {
    const start = this.#lengths ? 4 : 0;
    const end = this.#lengths ? this.#lengthEnd() : this.#bytes.indexOf("\n");
    if (end < 0 || end > this.#bytes.length) return undefined;
    const frame = this.#bytes.toString("utf8", start, end);
    this.#bytes = this.#bytes.subarray(this.#lengths ? end : end + 1);
    return frame;
  }

  #lengthEnd(): number {
    return this.#bytes.length < 4 ? -1 : 4 + this.#bytes.readUInt32BE();
  }

  async #text(): Promise<string> {
    await once(this.stream, "close");
    return this.#bytes.toString();
  }
}

/** The server did not let the client in. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(body);
    this.status = status;
  }
}

/** A connection whose errors the test need not hear. */
export function connectTo(origin: string, options: SecureClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(origin, { rejectUnauthorized: false, ...options });
  session.on("error", () => undefined);
  return session;
}
