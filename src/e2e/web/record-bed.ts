import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { openBrowser, type WatchedPage } from "../../testing/browser.ts";
import { startTestBed, temporaryFolder, type TestBed } from "../test-bed.ts";

/** Far more than anything takes, for a machine that has much else to do. */
export const DEADLINE_MS = 60_000;

/** A browser, and a server that finds a record when it starts. */
export interface RecordBed {
  bed: TestBed;
  /** The folder of the session logs. */
  store: string;
  /** Loads a page of the web UI. On the same kind of screen it is the same tab as before: a new profile takes long. */
  open(path: string, options?: BrowserContextOptions): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** `fill` writes the sessions that are there before. */
export async function startRecordBed(fill: (store: string) => void | Promise<void>): Promise<RecordBed> {
  const folder = await temporaryFolder();
  const store = join(folder, "sessions");
  await fill(store);
  const [bed, browser] = await Promise.all([startTestBed({ SESSION_STORE_PATH: store }), openBrowser()]);
  const tabs = new Map<string, Promise<WatchedPage>>();
  const openTab = async (options: BrowserContextOptions) => {
    const watched = await browser.open(bed.server.origin, options);
    watched.page.setDefaultTimeout(DEADLINE_MS);
    return watched;
  };
  return {
    bed,
    store,
    async open(path, options = {}) {
      const screen = JSON.stringify(options);
      const tab = tabs.get(screen) ?? openTab(options);
      tabs.set(screen, tab);
      const watched = await tab;
      // Nothing of the page before is left; an address that differs in its hash alone would load nothing.
      await watched.page.goto("about:blank");
      watched.complaints.length = 0;
      watched.badRequests.length = 0;
      await watched.page.goto(`/ui${path}`);
      return watched;
    },
    async close() {
      await browser.close();
      await bed.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
