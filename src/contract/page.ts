import type { Connection } from "./protocol.ts";

/** A plain request, after the guard. */
export interface PageRequest {
  method: string;
  path: string;
  /** What stood in the route's `{...}` places, decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The JSON text of a request that changes something; else empty. */
  body: string;
  /** The address that it came from. */
  peer?: string;
}

/** One event of a stream. `id`: what a client comes back with as `Last-Event-ID`. */
export interface StreamEvent {
  id?: string;
  event?: string;
  /** One line. */
  data: string;
}

/** `body` is sent as it is, or piece by piece as the client reads it. */
export interface PageAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string | AsyncIterable<string | Uint8Array>;
}

/** Throws AgentError for what the requester did wrong. */
export type Page = (request: PageRequest) => Promise<PageAnswer>;

/** Who reads an event stream. A `droppable` event may be left out when the client is slow. */
export interface EventClient extends Pick<Connection, "info" | "drained" | "end" | "fail"> {
  send(event: StreamEvent, droppable?: boolean): void;
}

/** An answer that goes on: events are sent as they come, until the client leaves or is ended. */
export interface EventAnswer {
  /** Called once, before the answer begins; a rejection refuses the client. `closed` is called at the end. */
  readonly open: (
    client: EventClient,
  ) => Promise<{ readonly closed: () => void; headers?: Record<string, string> }>;
}

/** A page that may answer with an event stream. Throws AgentError for what the requester did wrong. */
export type EventPage = (request: PageRequest) => Promise<PageAnswer | EventAnswer>;
