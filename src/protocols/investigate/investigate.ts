import { z } from "zod";
import { AgentError } from "../../contract/error.ts";
import type { Seq } from "../../contract/log.ts";
import type { EventAnswer, EventClient, EventPage, Page, PageRequest } from "../../contract/page.ts";
import type { Session, Sessions } from "../../contract/session.ts";
import { openIfThere } from "../open-if-there.ts";
import { readJson, readValue } from "../read-json.ts";
import { Connections } from "./connections.ts";
import { Investigation } from "./investigation.ts";
import { Prompt, readPayload, readPrompt, SentPayload } from "./payload.ts";

export interface InvestigateOptions {
  sessions: Sessions;
  /** How long a stream stays open while no turn runs, in milliseconds. */
  idleMs: number;
}

/**
 * Investigations as event streams. `stream`: `GET` or `POST /api/stream/investigate`; `send`: `POST` to `.../send`, for a
 * stream that is open.
 */
export function investigate({ sessions, idleMs }: InvestigateOptions): { stream: EventPage; send: Page } {
  const door = new InvestigateDoor(sessions, idleMs);
  return {
    stream: async (request) => door.stream(request),
    async send(request) {
      door.send(request);
      return { status: 200, body: JSON.stringify({ ok: true }) };
    },
  };
}

const ConnectionId = z.string().regex(/^[\w-]{1,128}$/, "expected 1 to 128 of A-Z, a-z, 0-9, _ and -");

const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

/** The payload may also stand beside these fields. */
const Body = z.looseObject({
  connectionId: optional(ConnectionId),
  model: optional(z.string().min(1)),
  payload: z.unknown().optional(),
});

const SendBody = Body.extend({ connectionId: ConnectionId });

/** Of both requests, for those who ask what they may send. */
export const INVESTIGATE_BODIES = {
  stream: Body.extend({ payload: Prompt.optional() }).meta({
    id: "Investigation",
    description: "What to look into.",
  }),
  send: SendBody.extend({ payload: SentPayload }).meta({
    id: "InvestigationSend",
    description: "More to look into, the answer to an approval, or the end of the turn.",
  }),
};

/** What a stream is asked for. */
interface Wanted {
  connectionId: string | undefined;
  model: string | undefined;
  prompt: string | undefined;
  once: boolean;
  /** A client that comes again has everything up to here. */
  after: Seq | undefined;
}

/** A session's own id may name a connection: that is how one watches it. */
const SESSION_ID = /^[0-9a-f]{32,64}$/;

class InvestigateDoor {
  readonly #sessions: Sessions;
  readonly #idleMs: number;
  readonly #connections = new Connections<Investigation>();

  constructor(sessions: Sessions, idleMs: number) {
    this.#sessions = sessions;
    this.#idleMs = idleMs;
  }

  stream(request: PageRequest): EventAnswer {
    if (request.headers["accept"]?.includes("text/event-stream") !== true) {
      throw new AgentError("invalid_message", "Accept: expected text/event-stream.");
    }
    const wanted = readWanted(request);
    return { open: (client) => this.#open(wanted, client) };
  }

  send({ body }: PageRequest): void {
    const { connectionId, model, payload, ...beside } = readJson(body, SendBody);
    const read = readPayload(payload ?? beside);
    const connection = this.#connections.find(connectionId);
    if (connection === undefined) throw unknownConnection(connectionId);
    connection.take(read, model);
  }

  async #open(wanted: Wanted, client: EventClient) {
    const session = await this.#session(wanted);
    const { connectionId = session.id, once, after } = wanted;
    const investigation = new Investigation({ connectionId, client, session, idleMs: this.#idleMs, once });
    investigation.begin(after);
    const remove = this.#connections.add(connectionId, investigation);
    // A browser that comes again asks for the same address, with the same text in it.
    if (wanted.prompt !== undefined && after === undefined) {
      investigation.take({ kind: "prompt", text: wanted.prompt }, wanted.model);
    }
    const closed = () => {
      remove();
      investigation.closed();
    };
    return { closed, headers: { "X-Session-Id": session.id } };
  }

  async #session(wanted: Wanted): Promise<Session> {
    const { connectionId: id, model, after } = wanted;
    if (id === undefined) return await this.#sessions.create({ model });
    const known = this.#connections.sessionOf(id);
    if (known === undefined && SESSION_ID.test(id)) {
      const session = await openIfThere(this.#sessions, id);
      if (session !== undefined) return session;
    }
    if (after !== undefined) return await this.#comeAgain(id, known);
    if (!this.#connections.isFree(id)) throw taken(id);
    const session = await this.#connections.reserve(id, () => this.#sessions.create({ model }));
    this.#connections.remember(id, session.id);
    return session;
  }

  async #comeAgain(id: string, known: string | undefined): Promise<Session> {
    if (known === undefined) throw unknownConnection(id);
    for (const before of this.#connections.all(id)) before.giveWay();
    return await this.#sessions.open(known);
  }
}

/** Throws AgentError `invalid_message`. */
function readWanted({ method, query, headers, body }: PageRequest): Wanted {
  const once = query.get("once") === "true";
  const after = readLastEventId(headers["last-event-id"]);
  const fields = method === "GET" ? fieldsOf(query) : fieldsIn(body);
  return { ...fields, once, after };
}

function fieldsOf(query: URLSearchParams) {
  const { connectionId, model } = readValue(Object.fromEntries(query), Body);
  const text = query.get("text");
  return { connectionId, model, prompt: text === null ? undefined : readPrompt({ text }) };
}

function fieldsIn(body: string) {
  const { connectionId, model, payload, ...beside } = readJson(body.trim() === "" ? "{}" : body, Body);
  const given = payload ?? (Object.keys(beside).length === 0 ? undefined : beside);
  return { connectionId, model, prompt: given === undefined ? undefined : readPrompt(given) };
}

function readLastEventId(value: string | undefined): Seq | undefined {
  if (value === undefined || value === "") return undefined;
  if (/^(?:-1|\d{1,15})$/.test(value)) return Number(value);
  throw new AgentError("invalid_message", "Last-Event-ID: expected the id of an event.");
}

const unknownConnection = (id: string) =>
  new AgentError("unknown_session", `There is no connection ${id}. A session's own id serves as well.`);

const taken = (id: string) => new AgentError("conflict", `Somebody is connected as ${id}.`);
