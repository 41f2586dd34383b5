import type { ConnectOptions } from "./client.ts";

type Place = Pick<ConnectOptions, "url" | "sessionId" | "model" | "approvalPolicy">;

/** Where a server's doors and pages are. */
export class Address {
  /** For people. */
  readonly origin: string;
  /** What the URL itself named, when no other was given. */
  readonly sessionId: string | undefined;
  readonly #base: URL;
  readonly #query: URLSearchParams;

  /** Throws TypeError. */
  constructor({ url, sessionId, model, approvalPolicy }: Place) {
    const base = readUrl(url);
    const [, prefix = "", named] = /^(.*?)(?:\/ws(?:\/([0-9a-f]{32,64}))?)?\/*$/.exec(base.pathname) ?? [];
    this.origin = `${base.protocol}//${base.host}`;
    this.sessionId = sessionId ?? named;
    this.#query = new URLSearchParams(base.search);
    if (model !== undefined) this.#query.set("model", model);
    if (approvalPolicy !== undefined) this.#query.set("approvalPolicy", approvalPolicy);
    // A client without it is told less, and could not come back to its session.
    this.#query.set("stream", "true");
    base.pathname = prefix;
    base.search = "";
    this.#base = base;
  }

  /** Where to connect: to a session, or (without an id) to a new one. */
  socket(sessionId?: string, after?: number): URL {
    const url = this.#at(sessionId === undefined ? "/ws" : `/ws/${sessionId}`);
    const query = new URLSearchParams(this.#query);
    if (sessionId !== undefined) for (const name of ["model", "approvalPolicy"]) query.delete(name);
    if (after !== undefined) query.set("after", String(after));
    url.search = query.toString();
    return url;
  }

  /** A page of the server. `path` begins with a slash. */
  page(path: string): URL {
    const url = this.#at(path);
    url.protocol = url.protocol.replace("ws", "http");
    return url;
  }

  #at(path: string): URL {
    const [pathname = "", query = ""] = path.split("?");
    const url = new URL(this.#base);
    url.pathname = this.#base.pathname.replace(/\/*$/, pathname);
    url.search = query;
    return url;
  }
}

function readUrl(url: string | URL): URL {
  const parsed = URL.canParse(url.toString()) ? new URL(url) : undefined;
  if (parsed === undefined || !/^(?:ws|http)s?:$/.test(parsed.protocol)) {
    throw new TypeError(
      `url: expected ws://, wss://, http:// or https://, got ${JSON.stringify(String(url))}`,
    );
  }
  parsed.protocol = parsed.protocol.replace("http", "ws");
  parsed.hash = "";
  return parsed;
}
