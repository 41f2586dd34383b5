import type { Page, PageAnswer } from "../contract/page.ts";
import { answerWith, type BuiltFile, readBuiltFiles } from "./built-file.ts";
import { json } from "./pieces.ts";

const UI_PATH = "/ui/";

/** The application's page. */
const SHELL = "index.html";

/**
 * The web UI as it was built into `folder`: its files by their names, and the application's page at every other path
 * below `/ui/`, because the application has routes of its own. `basePath`: what the server's paths begin with. Nothing in it is secret.
 */
export function ui(folder: string, basePath = ""): Page {
  const place = (name: string, bytes: Uint8Array) => (name === SHELL ? placed(bytes, basePath) : bytes);
  let reading: Promise<ReadonlyMap<string, BuiltFile>> | undefined;
  return async (request) => {
    // All at once, so that a build in between does not mix with the one before.
    const files = await (reading ??= readBuiltFiles(folder, place).catch((error: unknown) => {
      reading = undefined;
      throw error;
    }));
    if (!files.has(SHELL)) {
      reading = undefined;
      return notBuilt;
    }
    const name = request.path.slice(UI_PATH.length);
    const file = files.get(isRoute(name) ? SHELL : name);
    return file === undefined ? notFound : await answerWith(file, request.headers, headersOf(file));
  };
}

/** The page with the addresses of its files, and told where the server's paths begin. */
const placed = (page: Uint8Array, basePath: string): Uint8Array =>
  Buffer.from(
    Buffer.from(page)
      .toString()
      .replaceAll(`="${UI_PATH}`, `="${basePath}${UI_PATH}`)
      .replace('data-base=""', `data-base="${basePath}"`),
  );

/** From the path without its last slash. */
export const toUi: Page = () => Promise.resolve({ status: 302, headers: { Location: UI_PATH }, body: "" });

/** A path of the application; the names of files have a dot. */
const isRoute = (name: string): boolean => name.split("/").every((part) => /^[\w-]*$/.test(part));

/** What an agent says is hostile input, and stands next to a button that approves. */
const SHELL_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const SHELL_HEADERS = {
  "Content-Security-Policy": SHELL_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** The build puts a hash of the content into the names of all files but those that the page itself names. */
const headersOf = ({ name }: BuiltFile): Record<string, string> => ({
  "Cache-Control": /-[0-9A-Z]{8}\.\w+$/.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
  ...(name === SHELL && SHELL_HEADERS),
});

const notFound: PageAnswer = json(
  JSON.stringify({ error: { code: "not_found", message: "there is no such file in the web UI" } }),
  404,
);

const notBuilt: PageAnswer = {
  status: 503,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "The web UI is not built. Run: npm run build\nThen load this page again.\n",
};
