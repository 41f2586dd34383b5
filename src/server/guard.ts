import type { RequestHead } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import { isToken } from "./token.ts";

export interface GuardOptions {
  /** The address that the server is bound to. */
  host: string;
  authToken?: string | undefined;
  allowedOrigins: readonly string[];
  /** Names, with or without a port. */
  allowedHosts: readonly string[];
  /** What every path begins with, such as `/agent`. */
  basePath?: string | undefined;
}

/** What is asked for. */
export interface Asked {
  /** A health probe: it comes by address and without a token. */
  probe: boolean;
  /** A page for people: a link on another site may lead to it. */
  navigable: boolean;
  /** It holds nothing secret: nobody needs the token for it. */
  open: boolean;
  /** It changes nothing: a page's plain GET. */
  reads: boolean;
  /** A browser asks whether a request would be allowed; it never sends a token with that. */
  preflight: boolean;
  /** Tokens that came with an upgrade as a subprotocol. */
  subprotocolToken: string | undefined;
}

/** Knows the browsers that have signed in. */
export interface SignedIn {
  has(headers: RequestHead["headers"]): boolean;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const WILDCARDS = ["0.0.0.0", "::"];

/** Stands before every route and every upgrade. */
export class Guard {
  readonly #hosts: Set<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #token: string | undefined;
  readonly #basePath: string;
  readonly #signedIn: SignedIn;

  constructor(
    { host, authToken, allowedOrigins, allowedHosts, basePath = "" }: GuardOptions,
    signedIn: SignedIn,
  ) {
    const bound = WILDCARDS.includes(host) ? [] : [host.includes(":") ? `[${host}]` : host];
    this.#hosts = new Set([...LOOPBACK, ...bound, ...allowedHosts].map((name) => name.toLowerCase()));
    this.#origins = new Set(allowedOrigins);
    this.#token = authToken;
    this.#basePath = basePath;
    this.#signedIn = signedIn;
  }

  /** Throws Refusal. */
  check(request: RequestHead, asked: Asked): void {
    if (!asked.probe) this.#checkHost(request);
    this.#checkOrigin(request, asked.navigable);
    if (!asked.probe && !asked.open && !asked.preflight) this.#checkToken(request, asked);
  }

  /** For an origin that ALLOWED_ORIGINS names, and never `*`. */
  corsHeaders({ headers: { origin } }: RequestHead): Record<string, string> {
    if (origin === undefined || !this.#origins.has(origin)) return {};
    return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "X-Session-Id" };
  }

  /** Against a name that an attacker made point to this machine. */
  #checkHost(request: RequestHead): void {
    const authority = request.authority?.toLowerCase() ?? "";
    const name = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/.exec(authority)?.[1];
    if (name !== undefined && (this.#hosts.has(name) || this.#hosts.has(authority))) return;
    throw forbidden(
      "forbidden_host",
      "the Host of the request is not a name of this server; see ALLOWED_HOSTS",
    );
  }

  /** Against a page of another site that speaks to this server out of its visitor's browser. */
  #checkOrigin({ headers, authority, secure }: RequestHead, navigable: boolean): void {
    const { origin } = headers;
    if (origin === undefined) return checkFetchSite(headers, navigable);
    const own = `${secure ? "https" : "http"}://${authority?.toLowerCase()}`;
    if (origin === own || this.#origins.has(origin)) return;
    throw forbidden("forbidden_origin", "the Origin of the request is foreign; see ALLOWED_ORIGINS");
  }

  #checkToken({ headers }: RequestHead, { subprotocolToken, reads }: Asked): void {
    if (this.#token === undefined) return;
    const token = this.#token;
    const given = tokensOf(headers, subprotocolToken);
    if (given.some((one) => isToken(one, token))) return;
    if (given.length === 0 && this.#signedIn.has(headers)) return checkOwnPage(headers, reads);
    throw new Refusal({
      status: 401,
      code: "unauthorized",
      message:
        "expected the server's token: Authorization: Bearer, or the WebSocket subprotocol bearer.<token>; " +
        `browsers sign in at ${this.#basePath}/ui/sign-in`,
      headers: { "WWW-Authenticate": "Bearer" },
    });
  }
}

/** A header counts before a subprotocol, whose name has to write some characters as `%` and two digits. */
function tokensOf({ authorization }: RequestHead["headers"], subprotocolToken: string | undefined): string[] {
  const bearer = /^Bearer +(\S*)$/i.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) return [bearer];
  if (subprotocolToken === undefined) return [];
  try {
    return [subprotocolToken, decodeURIComponent(subprotocolToken)];
  } catch {
    return [subprotocolToken];
  }
}

/**
 * Whether a browser says that a page of this server asks, or its user; undefined when it says nothing. Browsers say it
 * with every request that is not a plain GET. Where a proxy ends TLS, the Origin has another scheme than ours.
 */
export function isOwnPage({ origin, host, ...headers }: RequestHead["headers"]): boolean | undefined {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  return origin === undefined ? undefined : URL.parse(origin)?.host === host?.toLowerCase();
}

/** A browser sends its cookies whoever asks: a page on another port of this machine, too. */
function checkOwnPage(headers: RequestHead["headers"], reads: boolean): void {
  if (isOwnPage(headers) ?? reads) return;
  throw forbidden("forbidden_origin", "only the web UI's own pages may ask with its cookie");
}

/** A foreign page's plain GET carries no Origin, but browsers say where it comes from. */
function checkFetchSite(headers: RequestHead["headers"], navigable: boolean): void {
  const site = headers["sec-fetch-site"];
  if (site !== "cross-site" && site !== "same-site") return;
  const navigates = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  if (navigable && navigates) return;
  throw forbidden("forbidden_origin", "a page of another site may not ask this server; see ALLOWED_ORIGINS");
}

const forbidden = (code: string, message: string) => new Refusal({ status: 403, code, message });
