import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a server that a test can cut. */
export class Relay {
  readonly port: number;
  /** Where new connections lead; undefined: they are refused. */
  target: number | undefined;
  /** Loses what clients send. */
  swallows = false;
  /** Connections so far. */
  count = 0;
  readonly #listener = createServer();
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, listener: ReturnType<typeof createServer>) {
    this.target = target;
    this.#listener = listener;
    this.port = (listener.address() as AddressInfo).port;
    listener.on("connection", (client: Socket) => this.#join(client));
  }

  static async start(target: number): Promise<Relay> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new Relay(target, listener);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Every connection breaks. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }

  #join(client: Socket): void {
    this.#keep(client);
    if (this.target === undefined) return void client.destroy();
    this.count += 1;
    const server = this.#keep(connect(this.target, "127.0.0.1"));
    client.on("data", (bytes) => this.swallows || server.write(bytes));
    server.on("data", (bytes) => client.write(bytes));
    client.once("close", () => server.destroy());
    server.once("close", () => client.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
