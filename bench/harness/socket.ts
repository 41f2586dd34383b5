import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A WebSocket client that costs as little as one can, so that it measures the server and not itself. */
export interface LeanSocket {
  readonly socket: Socket;
  readonly send: (text: string) => void;
}

/** Resolves when the connection is accepted. `onFrame` gets each text as Latin-1. */
export async function openSocket(url: URL, onFrame: (text: string) => void): Promise<LeanSocket> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  let head = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const [piece] = (await once(socket, "data")) as [Buffer];
    head = Buffer.concat([head, piece]);
    end = head.indexOf("\r\n\r\n");
  }
  if (!head.toString("latin1").startsWith("HTTP/1.1 101")) throw new Error(head.toString("latin1"));
  const frames = new Frames(onFrame, () => socket.write(PONG));
  frames.take(head.subarray(end + 4));
  socket.on("data", (bytes: Buffer) => frames.take(bytes));
  socket.on("error", () => undefined);
  return { socket, send: (text) => socket.write(frameOf(text)) };
}

const [TEXT, PING] = [1, 9];
/** Without a payload, masked with zeros. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Frames of a server, which are never masked. */
class Frames {
  readonly #onFrame: (text: string) => void;
  readonly #onPing: () => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (text: string) => void, onPing: () => void) {
    this.#onFrame = onFrame;
    this.#onPing = onPing;
  }

  take(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (all.length - at >= 2) {
      const short = (all[at + 1] ?? 0) & 0x7f;
      const header = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (all.length - at < header) break;
      const length =
        short === 126
          ? all.readUInt16BE(at + 2)
          : short === 127
            ? Number(all.readBigUInt64BE(at + 2))
            : short;
      if (all.length - at < header + length) break;
      const opcode = (all[at] ?? 0) & 0x0f;
      at += header + length;
      if (opcode === TEXT) this.#onFrame(all.toString("latin1", at - length, at));
      if (opcode === PING) this.#onPing();
    }
    this.#rest = all.subarray(at);
  }
}

/** A text frame, masked with zeros. */
function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const isShort = payload.length < 126;
  const header = Buffer.alloc(isShort ? 6 : 8);
  header[0] = 0x81;
  header[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
