import { existsSync } from "node:fs";
import axe from "axe-core";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
  type ViewportSize,
} from "playwright-core";
import { z } from "zod";

/** Where Debian, Alpine, macOS and Chrome's own package put it. */
const PROGRAMS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page that remembers what went wrong in it. */
export interface WatchedPage {
  page: Page;
  /** Warnings and errors of the console, and what was thrown and not caught. */
  complaints: string[];
  /** Requests that failed, were answered with 400 or more, or went to another origin: `404 GET /path`. */
  badRequests: string[];
  /** Takes the page away, with its profile. */
  close(): Promise<void>;
}

export interface TestBrowser {
  /** A page of a fresh profile. `origin`: requests elsewhere are foreign. */
  open(origin: string, options?: BrowserContextOptions): Promise<WatchedPage>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts Chromium, without a window. */
export async function openBrowser(): Promise<TestBrowser> {
  const executablePath = PROGRAMS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error("These tests need Chromium: npm run setup -- --tests (Debian: apt-get install chromium)");
  }
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const close = () => browser.close();
  return {
    open: (origin, options) => openPage(browser, origin, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL: origin, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  return { page, ...watch(page, origin), close: () => context.close() };
}

function watch(page: Page, origin: string): Pick<WatchedPage, "complaints" | "badRequests"> {
  const complaints: string[] = [];
  const badRequests: string[] = [];
  const short = (url: string) => (url.startsWith(origin) ? url.slice(origin.length) : url);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    const isOwn = url.startsWith(`${origin}/`) || /^(?:data|blob):/.test(url);
    if (!isOwn) badRequests.push(`foreign ${request.method()} ${url}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // The page gave it up itself, because its reader has asked for something else.
    if (reason === "net::ERR_ABORTED") return;
    badRequests.push(`failed ${request.method()} ${short(request.url())}: ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400)
      badRequests.push(`${response.status()} ${response.request().method()} ${short(response.url())}`);
  });
  return { complaints, badRequests };
}

const Findings = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      help: z.string(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
});

/** What axe finds against the accessibility of a page as it stands; one line each. */
export async function axeFindings(
  page: Page,
  { rules }: { rules?: readonly string[] } = {},
): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const options = JSON.stringify({ resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
  const { violations } = Findings.parse(await page.evaluate(`axe.run(document, ${options})`));
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
  );
}

/** A page as it is on a screen; to hide what needs a mouse, a page must be opened on it. */
export async function showOn(
  page: Page,
  { colorScheme, viewport }: { colorScheme: "light" | "dark"; viewport: ViewportSize },
): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
}

/** What axe finds against a page in the one scheme, and against its colours in the other: only they differ. */
export async function axeFindingsInBothSchemes(
  page: Page,
  screen: (typeof SCREENS)[number],
): Promise<string[]> {
  await showOn(page, { ...screen, colorScheme: "dark" });
  const findings = await axeFindings(page, { rules: ["color-contrast", "link-in-text-block"] });
  await showOn(page, { ...screen, colorScheme: "light" });
  return [...findings, ...(await axeFindings(page))];
}

/** Both colour schemes, on a desk and on a phone. */
export const SCREENS = [
  { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  { colorScheme: "dark", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
] as const satisfies BrowserContextOptions[];
