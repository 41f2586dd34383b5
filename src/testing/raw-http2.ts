import { connect, type Socket } from "node:net";
import { Mailbox } from "./mailbox.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7 } as const;

const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;

export interface RawFrame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

/** A client that writes HTTP/2 as bytes (RFC 9113, section 4.1), and answers nothing by itself. */
export class RawHttp2 {
  readonly socket: Socket;
  readonly frames = new Mailbox<RawFrame>();
  readonly closed: Promise<void>;
  #bytes = Buffer.alloc(0);

  /** `greets`: it begins as a client must. */
  constructor(port: number, { greets = true } = {}) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    if (greets) this.socket.write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0)]));
  }

  write(type: number, flags: number, stream: number, payload?: Buffer): void {
    this.socket.write(frame(type, flags, stream, payload));
  }

  /** Opens a stream; without a body it is a whole request. */
  request(stream: number, path: string, { method = "GET", hasBody = false, more = {} } = {}): void {
    const flags = END_HEADERS | (hasBody ? 0 : END_STREAM);
    const fields = {
      ":method": method,
      ":scheme": "http",
      ":authority": "localhost",
      ":path": path,
      ...more,
    };
    this.write(FRAME.headers, flags, stream, Buffer.concat(Object.entries(fields).map(literal)));
  }

  ping(): void {
    this.write(FRAME.ping, 0, 0, Buffer.alloc(8));
  }

  answerPing(payload: Buffer): void {
    this.write(FRAME.ping, ACK, 0, payload);
  }

  reset(stream: number, code = 0): void {
    this.write(FRAME.reset, 0, stream, Buffer.of(0, 0, 0, code));
  }

  /** The next frame of this type. */
  async find(type: number): Promise<RawFrame> {
    for (;;) {
      const found = await this.frames.take();
      if (found.type === type) return found;
    }
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 9 && this.#bytes.length >= 9 + this.#bytes.readUIntBE(0, 3)) {
      const end = 9 + this.#bytes.readUIntBE(0, 3);
      const [type, flags] = [this.#bytes.readUInt8(3), this.#bytes.readUInt8(4)];
      const stream = this.#bytes.readUInt32BE(5) & 0x7fffffff;
      this.frames.put({ type, flags, stream, payload: this.#bytes.subarray(9, end) });
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A field without compression (RFC 7541, section 6.2.2). */
function literal([name, value]: [string, string]): Buffer {
  return Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name),
    Buffer.of(value.length),
    Buffer.from(value),
  ]);
}
