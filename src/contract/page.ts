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
}

/** `body` is sent as it is, or piece by piece as the client reads it. */
export interface PageAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string | AsyncIterable<string>;
}

/** Throws AgentError for what the requester did wrong. */
export type Page = (request: PageRequest) => Promise<PageAnswer>;
