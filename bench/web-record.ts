/**
 * Figures of the web UI's record pages in a real Chromium: a list of many sessions scrolled to its end, and a session of
 * 20 000 events opened at one of the last, scrolled, and replayed at 64 times its speed.
 *
 *     node bench/web-record.ts [sessions, default 100000]     (after npm run build)
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openBrowser } from "../src/testing/browser.ts";
import { writeLongSession } from "../src/testing/long-session.ts";
import { writeManySessions } from "../src/testing/many-sessions.ts";
import { startRealServer } from "../src/testing/real-server.ts";

const SESSIONS = Number(process.argv[2] ?? 100_000);
const LONG = "f".repeat(32);
const WAIT = { timeout: 600_000 };

const folder = mkdtempSync(join(tmpdir(), "agentloop-bench-"));
try {
  const store = join(folder, "sessions");
  await writeLongSession(store, { id: LONG, lines: 20_000 });
  await measure(`${SESSIONS} sessions written`, async () => writeManySessions(store, SESSIONS - 1));
  await using server = await startRealServer({
    cwd: folder,
    env: { MODEL: "scripted", SESSION_STORE_PATH: store },
  });
  await measure("catalog built", () => untilAnswered(`${server.origin}/sessions?limit=1`));
  await using browser = await openBrowser();
  const { page } = await browser.open(server.origin, { viewport: { width: 1280, height: 800 } });
  await list(page);
  await review(page);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** fetch itself gives up after five minutes. */
async function untilAnswered(url: string): Promise<void> {
  while (
    !(await fetch(url)
      .then(({ ok }) => ok)
      .catch(() => false))
  );
}

async function list(page: Page): Promise<void> {
  await measure("list: first rows", async () => {
    await page.goto("/ui/sessions");
    await page.locator(".session-link").first().waitFor(WAIT);
  });
  await page.getByText(`${SESSIONS.toLocaleString("en")} sessions`).waitFor(WAIT);
  await measure("list: scrolled to the end, every page on the way", async () => {
    const last = page.locator(`[aria-posinset="${SESSIONS}"]`);
    while ((await last.count()) === 0) {
      await page.locator(".session-scroll").evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
      await nextFrame(page);
    }
  });
  await memory(page);
}

async function review(page: Page): Promise<void> {
  await measure("review: event 19000 of 20000 by its address", async () => {
    await page.goto(`/ui/sessions/${LONG}#19000`);
    await page.getByRole("heading", { name: "#19000" }).waitFor(WAIT);
  });
  await frames("review: scrolling the events", page, async () => {
    for (let top = 0; top < 400_000; top += 4000) {
      await page.locator(".events-scroll").evaluate((box, top) => box.scrollTo({ top }), top);
      await nextFrame(page);
    }
  });
  await page.goto(`/ui/sessions/${LONG}?view=replay`);
  await page.locator(".player-event", { hasNotText: "Reading" }).waitFor(WAIT);
  await page.getByLabel("Speed").selectOption("64");
  await frames("review: 5 s of replay at 64 times", page, async () => {
    await page.getByRole("button", { name: "Play" }).click();
    await page.evaluate("new Promise((done) => setTimeout(done, 5000))");
  });
  await measure("review: to the end", () => page.getByRole("slider", { name: "Moment" }).fill("1000"));
  await measure("review: back to the middle", () => page.getByRole("slider", { name: "Moment" }).fill("500"));
  await memory(page);
}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  say(name, `${(performance.now() - start).toFixed(0)} ms`);
}

/** How many frames were drawn meanwhile, and the longest wait for one. */
async function frames(name: string, page: Page, work: () => Promise<void>): Promise<void> {
  await page.evaluate(`
    globalThis.frames_ = [performance.now()];
    (function frame() { frames_.push(performance.now()); requestAnimationFrame(frame); })();
  `);
  await work();
  const times = await page.evaluate<number[]>("frames_");
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.floor((waits.length - 1) * share)]?.toFixed(0);
  say(name, `a frame takes ${at(0.5)} ms, one in a hundred ${at(0.99)} ms, the longest ${at(1)} ms`);
}

async function memory(page: Page): Promise<void> {
  const bytes = await page.evaluate<number>("performance.memory.usedJSHeapSize");
  say("heap of the page", `${(bytes / 1e6).toFixed(0)} MB`);
}

async function nextFrame(page: Page): Promise<void> {
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => done(true)))");
}

function say(name: string, figure: string): void {
  console.log(`${name.padEnd(52)} ${figure}`);
}
