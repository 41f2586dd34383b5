import { v7 as uuid } from "uuid";
import type { SessionId, SessionLog } from "../contract/log.ts";
import type { Connection, OpenProtocol, Protocol } from "../contract/protocol.ts";
import type { Redactor } from "../contract/redact.ts";
import type { SandboxMode } from "../contract/message.ts";
import { judge } from "./codex-bounds.ts";
import type { Bounds } from "./codex-settings.ts";

/** A process that speaks the Codex app-server's protocol, line by line. */
interface BridgedProcess {
  /** Another one for each process. */
  readonly marker: string;
  readonly gone: Promise<{ words: string }>;
  lines(): AsyncIterable<string>;
  /** False when it does not read any more. */
  send(line: string): boolean;
  stop(): Promise<unknown>;
}

export interface CodexBridgeOptions {
  bounds: Omit<Bounds, "profileOf">;
  /** Throws AgentError when there can be no more. */
  readonly start: () => Promise<BridgedProcess>;
  /** The permission profile of a process for a sandbox mode; there is none for danger-full-access. */
  readonly profileOf: (marker: string, mode: SandboxMode) => string;
  readonly createLog: (id: SessionId) => SessionLog;
  redactor: Redactor;
}

/** As large an input as the app-server itself takes, with its escapes. */
const MESSAGE_BYTES = 4 * 1024 * 1024;
/** Of a frame that was no message, in characters. */
const REFUSED_FRAME_LIMIT = 4096;

/**
 * The transparent way to the Codex app-server: each client has a process of its own, and frames pass unchanged both ways.
 * But those that would reach further than the server's own sandbox and policy do not pass, and where one names a sandbox
 * mode, the server's own profile of that mode takes its place. All of them are on the record, as they came.
 */
export const createCodexBridge =
  (options: CodexBridgeOptions): OpenProtocol =>
  async (connection) => {
    const process = await options.start();
    const id = uuid().replaceAll("-", "");
    try {
      const record = new FrameRecord(options.createLog(id), options.redactor, connection);
      const protocol = new CodexBridge(connection, process, record, boundsOf(process, options));
      return { protocol, headers: { "X-Session-Id": id }, messageBytes: MESSAGE_BYTES };
    } catch (error) {
      await process.stop();
      throw error;
    }
  };

const boundsOf = ({ marker }: BridgedProcess, { bounds, profileOf }: CodexBridgeOptions): Bounds => ({
  ...bounds,
  profileOf: (mode) => profileOf(marker, mode),
});

class CodexBridge implements Protocol {
  readonly #connection: Connection;
  readonly #process: BridgedProcess;
  readonly #record: FrameRecord;
  readonly #bounds: Bounds;

  constructor(connection: Connection, process: BridgedProcess, record: FrameRecord, bounds: Bounds) {
    this.#connection = connection;
    this.#process = process;
    this.#record = record;
    this.#bounds = bounds;
    this.#follow().catch((error: unknown) => connection.fail(error));
  }

  receive(frame: string): void {
    if (!this.#recorded(() => this.#record.incoming(frame))) return;
    const verdict = judge(frame, this.#bounds);
    switch (verdict.kind) {
      case "pass":
        return this.#pass(verdict.frame);
      case "refuse":
        return this.#refuse(verdict.id, verdict.code, verdict.message);
      case "decline":
        this.#pass(verdict.answer);
        // An error would answer a request of the client's own that has the same id.
        return this.#tell({ method: "warning", params: { message: verdict.message } });
    }
  }

  oversized(head: string): void {
    this.#recorded(() => this.#record.incoming(head));
    this.#refuse(null, -32600, `A frame may have at most ${MESSAGE_BYTES} bytes.`);
  }

  closed(): void {
    void this.#process.stop();
  }

  /** What the process says, as fast as the client reads it. */
  async #follow(): Promise<void> {
    try {
      for await (const line of this.#process.lines()) {
        this.#record.outgoing(line);
        this.#connection.send(line);
        await this.#connection.drained();
      }
    } catch (error) {
      // The pipe of a process that was killed breaks off; what else fails, fails us.
      if (!isBrokenPipe(error)) throw error;
    } finally {
      await this.#process.stop();
      await this.#record.end();
    }
    this.#connection.end("internal");
  }

  #pass(frame: string): void {
    // Line breaks are white space there: inside strings JSON has them escaped.
    if (!this.#process.send(frame.replaceAll(/[\r\n]/g, " "))) this.#connection.end("too_slow");
  }

  #refuse(id: string | number | null, code: number, message: string): void {
    this.#tell({ error: { code, message }, id });
  }

  #tell(message: object): void {
    const frame = JSON.stringify(message);
    if (this.#recorded(() => this.#record.outgoing(frame))) this.#connection.send(frame);
  }

  /** Nothing passes that is not on the record. */
  #recorded(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.#connection.fail(error);
      return false;
    }
  }
}

const isBrokenPipe = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";

/** The frames of one client in a log of their own, without secrets. */
class FrameRecord {
  readonly #log: SessionLog;
  readonly #redactor: Redactor;
  readonly #client: Connection["info"];
  #ended = false;

  constructor(log: SessionLog, redactor: Redactor, { info }: Connection) {
    this.#log = log;
    this.#redactor = redactor;
    this.#client = info;
  }

  incoming(frame: string): void {
    this.#write("incoming", frame);
  }

  outgoing(frame: string): void {
    this.#write("outgoing", frame);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#log.end();
  }

  /** Throws AgentError `log_unavailable`. */
  #write(direction: "incoming" | "outgoing", frame: string): void {
    if (this.#ended) return;
    const json = isJson(frame)
      ? frame.replaceAll(/[\r\n]/g, " ")
      : JSON.stringify(frame.slice(0, REFUSED_FRAME_LIMIT));
    const { text, count } = this.#redactor.json(json);
    this.#log.append(direction, text, { client: this.#client, ...(count > 0 && { redactions: count }) });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
