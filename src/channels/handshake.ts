import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

interface Asked {
  readonly headers: Readonly<Pick<IncomingHttpHeaders, "sec-websocket-protocol" | "sec-websocket-version">>;
}

/** The subprotocol to offer beside a token. */
const PLAIN_SUBPROTOCOL = "agentloop";

/** A subprotocol that carries a token begins so, and is never named in an answer. */
const TOKEN_SUBPROTOCOL = "bearer.";

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const SUBPROTOCOL = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What the client offered in `Sec-WebSocket-Protocol`. */
export const subprotocolsOf = ({ headers }: Asked): string[] =>
  headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];

/** What came as the subprotocol `bearer.<token>`. */
export const tokenIn = (request: Asked): string | undefined =>
  subprotocolsOf(request)
    .find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
    ?.slice(TOKEN_SUBPROTOCOL.length);

/** Browsers give up unless one of theirs is chosen. */
export function chooseSubprotocol(offered: Iterable<string>): string | false {
  const plain = [...offered].filter((name) => !name.startsWith(TOKEN_SUBPROTOCOL));
  return plain.includes(PLAIN_SUBPROTOCOL) ? PLAIN_SUBPROTOCOL : (plain[0] ?? false);
}

/** The library checks the same, but only when the upgrade is completed, and by then a session would exist. */
export function handshakeProblem(request: IncomingMessage): string | undefined {
  if (request.method !== "GET") return `expected GET, got ${request.method}`;
  const { "sec-websocket-key": key } = request.headers;
  if (key === undefined || !KEY.test(key)) return "Sec-WebSocket-Key: expected 16 bytes in base64";
  return connectProblem(request);
}

/** By HTTP/2 there is no key (RFC 8441, section 5). */
export function connectProblem(request: Asked): string | undefined {
  const { "sec-websocket-version": version } = request.headers;
  if (version !== "13") return `Sec-WebSocket-Version: expected 13, got ${version ?? "none"}`;
  const offered = subprotocolsOf(request);
  if (new Set(offered).size !== offered.length || !offered.every((name) => SUBPROTOCOL.test(name))) {
    return "Sec-WebSocket-Protocol: expected different names, separated by commas";
  }
  return undefined;
}
