import { z } from "zod";
import type { OpenProtocol } from "../contract/protocol.ts";
import type { Sessions } from "../contract/session.ts";
import { type LinkedClient, openLinked } from "./linked-connection.ts";

const Fields = z.record(z.string(), z.unknown());

export const Arrived = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string().optional(),
  params: Fields.optional(),
  result: Fields.optional(),
  error: z.object({ code: z.number(), message: z.string(), data: Fields.optional() }).optional(),
});

/** What came from the server; which fields there are, its kind tells. */
export type Arrived = z.infer<typeof Arrived>;

const Request = z.object({ id: z.union([z.string(), z.number()]), method: z.string() });

function parseJson(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}

/** A client of the Codex app-server's protocol without a socket. It remembers what it sent and what came. */
export class CodexClient {
  readonly arrived: Arrived[] = [];
  /** Everything that was sent, by id: what an answer answers. */
  readonly asked = new Map<string | number, string>();
  readonly #linked: LinkedClient;
  #seen = 0;
  #nextId = 1;
  #changed = Promise.withResolvers<void>();

  private constructor(linked: LinkedClient) {
    this.#linked = linked;
    void this.#collect();
  }

  static async connect(open: OpenProtocol, sessions: Sessions, id = "client"): Promise<CodexClient> {
    return new CodexClient(await openLinked(open, { sessions, id }));
  }

  /** Connects and says hello. */
  static async ready(open: OpenProtocol, sessions: Sessions, id = "client"): Promise<CodexClient> {
    const client = await CodexClient.connect(open, sessions, id);
    await client.call("initialize", { clientInfo: { name: "test", version: "1" } });
    client.send({ method: "initialized" });
    return client;
  }

  get ended() {
    return this.#linked.ended;
  }

  send(message: object | string): void {
    const frame = typeof message === "string" ? message : JSON.stringify(message);
    const request = Request.safeParse(parseJson(frame));
    if (request.success) this.asked.set(request.data.id, request.data.method);
    this.#linked.send(frame);
  }

  /** The answer to a request, whatever it is. */
  async ask(method: string, params?: object): Promise<Arrived> {
    const id = `request-${this.#nextId}`;
    this.#nextId += 1;
    this.send({ id, method, ...(params && { params }) });
    return await this.until((message) => message.id === id && message.method === undefined);
  }

  /** The result of a request. Throws for an error. */
  async call(method: string, params?: object): Promise<Record<string, unknown>> {
    const { result, error } = await this.ask(method, params);
    if (result) return result;
    throw new Error(`${method}: ${error?.code} ${error?.message}`);
  }

  /** The first message, from the beginning, for which this holds. */
  async until(matches: (message: Arrived) => boolean): Promise<Arrived> {
    for (;;) {
      const found = this.arrived.find(matches);
      if (found) return found;
      if (this.ended !== undefined) throw new Error(`the connection ended: ${this.ended}`);
      await this.#changed.promise;
    }
  }

  /** The first message of this method after the one that was asked for before. */
  async next(method: string): Promise<Record<string, unknown> & { id?: unknown }> {
    for (;;) {
      const index = this.arrived.findIndex((message, at) => at >= this.#seen && message.method === method);
      const found = this.arrived[index];
      if (found) {
        this.#seen = index + 1;
        return found.id === undefined ? { ...found.params } : { ...found.params, id: found.id };
      }
      await this.#changed.promise;
    }
  }

  /** The methods of what came without being asked for, in order. */
  methods(): string[] {
    return this.arrived.flatMap(({ method }) => method ?? []);
  }

  leave(): void {
    this.#linked.leave();
  }

  async #collect(): Promise<void> {
    for (;;) {
      const frame = await this.#linked.next().catch(() => undefined);
      if (frame !== undefined) this.arrived.push(Arrived.parse(frame));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
      if (frame === undefined) return;
    }
  }
}

/** A value deep inside what came. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  }
  return found;
}
