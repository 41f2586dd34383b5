import type { EventPage } from "../contract/page.ts";
import type { OpenProtocol } from "../contract/protocol.ts";
import { Refusal } from "./refusal.ts";

export interface PageRoute {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /**
   * Places for a part of the path are written `{name}`; their names are those of `PLACES`. One that ends in `/*` stands
   * for all that lies below and has no row of its own.
   */
  path: string;
  page: EventPage;
  /** Where clients come in by this page, to read an event stream: the door's name, for the record. */
  door?: string;
  /** A health probe: it comes by address and without a token. */
  probe?: boolean;
  /** A page for people: a link on another site may lead to it. */
  navigable?: boolean;
  /** It holds nothing secret: who comes so is answered without the token. */
  open?: (headers: Headers) => boolean;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** Where clients of one protocol come in, with a request for a WebSocket. */
export interface Door {
  /** For the record. */
  name: string;
  path: string;
  /** They come with a `POST` whose body and answer are streams of frames, and not with a WebSocket. */
  over?: "http2";
  /** Only requests that carry this header (in small letters), for clients that cannot be given a path. */
  header?: string;
  open: OpenProtocol;
}

/** What a path leads to. */
export interface Destination {
  /** As the pages know it: without the server's base path. */
  path: string;
  params: Record<string, string>;
  pages: PageRoute[];
  door: Door | undefined;
}

/** What may stand in the places of a path. Nothing else reaches a page or a protocol. */
const PLACES: Record<string, { pattern: RegExp; expected: string }> = {
  session_id: { pattern: /^[0-9a-f]{32,64}$/, expected: "32 to 64 of 0-9 and a-f" },
  schema: { pattern: /^\w{1,64}\.json$/, expected: "a name and .json" },
};

/** Finds what a path (as it was sent, without the query) leads to. Throws Refusal for what leads nowhere. */
export class Routes {
  readonly pages: readonly PageRoute[];
  readonly doors: readonly Door[];
  readonly #base: string;

  /** `base`: what every path begins with, such as `/agent`; empty: nothing. Probes are found without it as well. */
  constructor(pages: PageRoute[], doors: Door[], base = "") {
    this.pages = pages;
    this.doors = doors;
    this.#base = base;
    for (const { path } of [...pages, ...doors]) checkPattern(path);
  }

  /** The pages at a path; none where it leads nowhere. */
  pagesAt(path: string): PageRoute[] {
    const inside = this.#inside(path);
    const parts = inside === undefined ? undefined : decodePath(inside);
    return parts === undefined ? [] : this.#pagesFor(parts);
  }

  find(sent: string, headers: Readonly<Record<string, unknown>> = {}): Destination {
    const path = this.#inside(sent);
    if (path === undefined) throw notFound(`this server's paths begin with ${this.#base} (BASE_PATH)`);
    const parts = decodePath(path);
    if (parts === undefined) throw notFound("the path is not valid percent-encoding");
    const pages = this.#pagesFor(parts);
    const doors = this.doors.filter((row) => fits(row.path, parts));
    const door =
      doors.find(({ header }) => header !== undefined && headers[header] !== undefined) ??
      doors.find(({ header }) => header === undefined);
    const pattern = pages[0]?.path ?? door?.path;
    if (pattern === undefined) throw notFound("there is nothing at this path");
    return { path, params: readPlaces(pattern, parts), pages, door };
  }

  /** The path without the base; undefined for one that is elsewhere. */
  #inside(path: string): string | undefined {
    if (path === this.#base) return "/";
    if (path.startsWith(`${this.#base}/`)) return path.slice(this.#base.length);
    return this.pages.some((row) => row.probe === true && row.path === path) ? path : undefined;
  }

  #pagesFor(parts: string[]): PageRoute[] {
    const fitting = this.pages.filter((row) => fits(row.path, parts));
    const own = fitting.filter((row) => !isSubtree(row.path));
    return own.length > 0 ? own : fitting;
  }
}

/** The page that answers this method. Throws Refusal when there is none. */
export function pageFor(method: string, destination: Destination): PageRoute {
  const { pages, door } = destination;
  const wanted = method === "HEAD" ? "GET" : method;
  const page = pages.find((row) => row.method === wanted);
  if (page !== undefined) return page;
  if (door !== undefined && wanted === methodOf(door)) throw upgradeRequired(door);
  const headers = { Allow: allowedMethods(destination) };
  throw new Refusal({
    status: 405,
    code: "method_not_allowed",
    message: `expected one of ${headers.Allow}`,
    headers,
  });
}

/** For the header `Allow`. */
export function allowedMethods({ pages, door }: Destination): string {
  const methods = new Set<string>(pages.map(({ method }) => method));
  if (door !== undefined) methods.add(methodOf(door));
  return [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

const methodOf = ({ over }: Door) => (over === "http2" ? "POST" : "GET");

const upgradeRequired = ({ over }: Door) =>
  new Refusal({
    status: 426,
    code: "upgrade_required",
    message: over === "http2" ? "expected a request by HTTP/2" : "expected a request for a WebSocket",
    headers: { Upgrade: over === "http2" ? "HTTP/2.0" : "websocket", Connection: "Upgrade" },
  });

function checkPattern(path: string): void {
  for (const name of path.split("/").flatMap((part) => placeName(part) ?? [])) {
    if (PLACES[name] === undefined) throw new Error(`no pattern is known for the place {${name}} of ${path}`);
  }
}

const placeName = (part: string): string | undefined => /^\{(\w+)\}$/.exec(part)?.[1];

const isSubtree = (pattern: string): boolean => pattern.endsWith("/*");

/** Undefined for what is not valid percent-encoding. */
function decodePath(path: string): string[] | undefined {
  try {
    return path.split("/").map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}

function fits(pattern: string, parts: string[]): boolean {
  const expected = pattern.split("/");
  if (isSubtree(pattern)) {
    return expected.length <= parts.length && expected.slice(0, -1).every((part, at) => part === parts[at]);
  }
  if (expected.length !== parts.length) return false;
  return expected.every((part, index) => placeName(part) !== undefined || part === parts[index]);
}

function readPlaces(pattern: string, parts: string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.split("/").entries()) {
    const name = placeName(part);
    const place = name === undefined ? undefined : PLACES[name];
    const value = parts[index] ?? "";
    if (name === undefined || place === undefined) continue;
    if (!place.pattern.test(value)) throw notFound(`{${name}} in ${pattern}: expected ${place.expected}`);
    params[name] = value;
  }
  return params;
}

const notFound = (message: string) => new Refusal({ status: 404, code: "not_found", message });
