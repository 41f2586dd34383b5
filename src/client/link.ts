import type { ClientState } from "./client.ts";
import { closeError } from "./close-error.ts";
import { ConnectionError } from "./connection-error.ts";

export interface LinkParts {
  /** Where to connect now; undefined when there is nothing to come back to. */
  where(): URL | undefined;
  protocols: string[];
  WebSocket: typeof WebSocket;
  reconnect: boolean;
  openTimeoutMs: number;
  /** Why a WebSocket did not open. */
  explain(): Promise<ConnectionError>;
  onOpen(): void;
  onFrame(frame: string): void;
  onState(state: ClientState, reason?: string): void;
  /** There will be no connection any more. */
  onEnd(error: ConnectionError): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** One connection, made again whenever it is lost. The first one must succeed. */
export class Link {
  readonly #parts: LinkParts;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasOpened = false;
  /** Attempts since the server was last heard. */
  #attempts = 0;
  #ended = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  open(): void {
    const url = this.#parts.where();
    if (url === undefined) return;
    const socket = new this.#parts.WebSocket(url, this.#parts.protocols);
    this.#socket = socket;
    let isOpen = false;
    /** Whether it is still the one, and now no more. */
    const drop = () => {
      if (this.#socket !== socket) return false;
      clearTimeout(this.#timer);
      this.#socket = undefined;
      return true;
    };
    this.#timer = setTimeout(() => {
      if (drop()) this.#lost(this.#late());
      socket.close();
    }, this.#parts.openTimeoutMs);
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      clearTimeout(this.#timer);
      isOpen = this.#hasOpened = true;
      this.#parts.onOpen();
    });
    socket.addEventListener("message", ({ data }: { data: unknown }) => {
      if (this.#socket !== socket) return;
      this.#attempts = 0;
      this.#parts.onFrame(String(data));
    });
    // Followed by a close, which says more.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", ({ code, reason }: { code: number; reason: string }) => {
      if (!drop()) return;
      if (isOpen) this.#lost(closeError(code, reason));
      else void this.#parts.explain().then((error) => this.#lost(error));
    });
  }

  /** Only while it is open. */
  send(frame: string): void {
    this.#socket?.send(frame);
  }

  close(error: ConnectionError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#parts.onState("closed", error.message);
    this.#parts.onEnd(error);
  }

  #lost(error: ConnectionError): void {
    if (this.#ended) return;
    const comesBack = this.#hasOpened && this.#parts.reconnect && this.#parts.where() !== undefined;
    if (!comesBack || !error.retryable) return this.close(error);
    this.#parts.onState("reconnecting", error.message);
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts, LONGEST_PAUSE_MS);
    this.#attempts += 1;
    // Not all clients of a server that was restarted come back at once.
    this.#timer = setTimeout(() => this.open(), pause * (0.75 + Math.random() / 2));
  }

  #late(): ConnectionError {
    const message = `the server did not answer within ${this.#parts.openTimeoutMs / 1000} s`;
    return new ConnectionError({ code: "unreachable", message, retryable: true });
  }
}
