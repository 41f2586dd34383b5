import { createHmac, randomBytes } from "node:crypto";
import { isToken } from "./token.ts";

type Headers = Readonly<Record<string, string | undefined>>;

const WEEK_SECONDS = 604_800;

/**
 * The browsers that have signed in with the server's token, each by a cookie that proves it and does not tell the
 * token: when it ends, a random id, and a signature of both. It outlives the server, and ends with the token.
 */
export class BrowserSessions {
  readonly #key: Buffer;
  readonly #name: string;
  readonly #path: string;
  readonly #now: () => number;
  /** Signed out before their time; by cookie, with their end. */
  readonly #ended = new Map<string, number>();

  /** `basePath`: where the browser sends the cookie; empty: everywhere. */
  constructor(authToken: string | undefined, basePath = "", now: () => number = Date.now) {
    this.#key = authToken === undefined ? randomBytes(32) : hmac(authToken, "web UI: key");
    this.#now = now;
    this.#path = basePath === "" ? "/" : basePath;
    // Cookies know no ports: another server of this machine has another name.
    this.#name = `agentloop_${hmac(this.#key, "name").toString("hex").slice(0, 8)}`;
  }

  /** Whether a request comes from a browser that has signed in. */
  has(headers: Headers): boolean {
    return this.#cookieOf(headers) !== undefined;
  }

  /** The value of `Set-Cookie` for a browser that signs in. */
  begin({ secure }: { secure: boolean }): string {
    const facts = `${this.#seconds() + WEEK_SECONDS}.${randomBytes(16).toString("base64url")}`;
    return this.#set(`${facts}.${this.#sign(facts)}`, WEEK_SECONDS, secure);
  }

  /** The value of `Set-Cookie` for one that signs out. */
  end(headers: Headers): string {
    const cookie = this.#cookieOf(headers);
    for (const [ended, until] of this.#ended) if (until < this.#seconds()) this.#ended.delete(ended);
    if (cookie !== undefined) this.#ended.set(cookie, Number(cookie.split(".")[0]));
    return this.#set("", 0, false);
  }

  /** The cookie of a request, when it is good. */
  #cookieOf({ cookie = "" }: Headers): string | undefined {
    const given = cookie.split(";").map((pair) => pair.trim());
    const prefix = `${this.#name}=`;
    return given
      .filter((pair) => pair.startsWith(prefix))
      .map((pair) => pair.slice(prefix.length))
      .find((value) => this.#isGood(value));
  }

  #isGood(value: string): boolean {
    const [, facts = "", until = "", signature = ""] = /^((\d{1,12})\.[\w-]+)\.([\w-]+)$/.exec(value) ?? [];
    return (
      isToken(signature, this.#sign(facts)) && Number(until) > this.#seconds() && !this.#ended.has(value)
    );
  }

  #sign(facts: string): string {
    return hmac(this.#key, facts).toString("base64url");
  }

  #set(value: string, seconds: number, secure: boolean): string {
    const attributes = [`Path=${this.#path}`, "HttpOnly", "SameSite=Strict", `Max-Age=${seconds}`];
    if (secure) attributes.push("Secure");
    return [`${this.#name}=${value}`, ...attributes].join("; ");
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
