import type { Logger } from "pino";
import { z } from "zod";
import type { PageAnswer, PageRequest } from "../contract/page.ts";
import { isOwnPage } from "./guard.ts";
import { Refusal } from "./refusal.ts";
import type { PageRoute } from "./routes.ts";
import type { BrowserSessions } from "./browser-sessions.ts";
import { isToken } from "./token.ts";

interface SignInParts {
  authToken: string | undefined;
  browsers: BrowserSessions;
  log: Logger;
  now?: () => number;
}

const SignInBody = z.strictObject({ token: z.string() });

/** Wrong tokens that one address may send in a minute. */
const WRONG_A_MINUTE = 10;

/**
 * `GET /ui/session`: `{"required", "signedIn"}`, whether the server has a token, and whether this browser may ask
 * without it. `POST` with `{"token"}` signs in, `DELETE` out; both answer the same and set the cookie. All three are
 * for the web UI's own pages.
 */
export function signInPages({ authToken, browsers, log, now = Date.now }: SignInParts): PageRoute[] {
  const guesses = new Guesses(now);
  const say = (signedIn: boolean, cookie?: string): PageAnswer => ({
    status: 200,
    ...(cookie !== undefined && { headers: { "Set-Cookie": cookie } }),
    body: JSON.stringify({ required: authToken !== undefined, signedIn }),
  });
  const show = ({ headers }: PageRequest) => say(authToken === undefined || browsers.has(headers));
  const signIn = ({ headers, body, peer = "" }: PageRequest) => {
    checkAsker(headers);
    const given = readToken(body);
    if (authToken === undefined) return say(true);
    guesses.check(peer);
    if (!isToken(given, authToken)) {
      guesses.count(peer);
      log.warn({ peer }, "a browser tried to sign in with a wrong token");
      throw new Refusal({ status: 401, code: "unauthorized", message: "this is not the server's token" });
    }
    log.info({ peer }, "a browser signed in");
    return say(true, browsers.begin({ secure: headers["origin"]?.startsWith("https:") === true }));
  };
  const signOut = ({ headers }: PageRequest) => {
    checkAsker(headers);
    return say(authToken === undefined, browsers.end(headers));
  };
  const row = (method: PageRoute["method"], answer: (request: PageRequest) => PageAnswer): PageRoute => ({
    method,
    path: "/ui/session",
    page: async (request) => answer(request),
    open: () => true,
  });
  return [row("GET", show), row("POST", signIn), row("DELETE", signOut)];
}

/** An allowed origin may ask with the token, but not sign its visitors in or out. */
function checkAsker(headers: PageRequest["headers"]): void {
  if (isOwnPage(headers) === true) return;
  throw new Refusal({
    status: 403,
    code: "forbidden_origin",
    message: "expected a page of this server: its Origin, or Sec-Fetch-Site: same-origin",
  });
}

function readToken(body: string): string {
  const read = SignInBody.safeParse(tryParse(body));
  if (read.success) return read.data.token;
  throw new Refusal({ status: 400, code: "invalid_message", message: 'expected {"token": "..."}' });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How many wrong tokens came from each address within a minute. */
class Guesses {
  readonly #now: () => number;
  #wrong = new Map<string, number>();
  #since = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws Refusal: when there were too many, the right one would not be told from a wrong one. */
  check(peer: string): void {
    if (this.#now() - this.#since >= 60_000) {
      this.#wrong = new Map();
      this.#since = this.#now();
    }
    if ((this.#wrong.get(peer) ?? 0) < WRONG_A_MINUTE) return;
    throw new Refusal({
      status: 429,
      code: "rate_limited",
      message: `more than ${WRONG_A_MINUTE} wrong tokens within a minute: try again later`,
      headers: { "Retry-After": "60" },
    });
  }

  count(peer: string): void {
    this.#wrong.set(peer, (this.#wrong.get(peer) ?? 0) + 1);
  }
}
