import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { openBrowser, type TestBrowser, type WatchedPage } from "../../testing/browser.ts";
import { type Answer, startChatModel } from "../../testing/chat-model.ts";
import { startTestBed, type TestBed } from "../test-bed.ts";

/** A browser and a server beside each other take their time on a busy machine. */
const PATIENCE_MS = 60_000;
vi.setConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS });

/** A browser, and a server whose model says what the test wants. */
export interface WebBed {
  bed: TestBed;
  browser: TestBrowser;
  /** Opens a page of the web UI in a fresh profile; `origin` where the server is reached another way. */
  open(path: string, options?: BrowserContextOptions & { origin?: string }): Promise<WatchedPage>;
  close(): Promise<void>;
}

export async function startWebBed(
  answer: Answer,
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<WebBed> {
  const model = await startChatModel(answer);
  const [bed, browser] = await Promise.all([
    startTestBed({ ...model.environment, ...environment }, files),
    openBrowser(),
  ]);
  return {
    bed,
    browser,
    async open(path, { origin = bed.server.origin, ...options } = {}) {
      const watched = await browser.open(origin, options);
      watched.page.setDefaultTimeout(PATIENCE_MS / 2);
      await watched.page.goto(`/ui${path}`);
      return watched;
    },
    async close() {
      await browser.close();
      await bed.close();
      await model[Symbol.asyncDispose]();
    },
  };
}

/** Leaves what was there for a new session, without loading the page again. */
export async function begin(page: Page): Promise<void> {
  await page.getByRole("link", { name: "AgentLoop", exact: true }).click();
  await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
}

export const field = (page: Page) => page.getByLabel("Message", { exact: true });

/** Says something as a person does. */
export async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/** The answers of the agent, and what was said to it, as they stand in the page. */
export const answers = (page: Page) => page.getByRole("article", { name: "The agent", exact: true });
export const said = (page: Page) => page.getByRole("article", { name: "You", exact: true });

/** Until the turn is over. */
export const finished = (page: Page, words = "Done") =>
  page.locator(".note", { hasText: words }).last().waitFor();

/** Waits for it as long as it may take. */
export async function soon<Value>(read: () => Value | Promise<Value>, expected: Value): Promise<void> {
  await expect.poll(read, { timeout: PATIENCE_MS / 2 }).toEqual(expected);
}

/** Nothing went wrong in the page, and it asked nobody but its server. */
export function expectQuiet({ complaints, badRequests }: WatchedPage): void {
  expect(complaints).toEqual([]);
  expect(badRequests).toEqual([]);
}
