import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { axeFindingsInBothSchemes, SCREENS } from "../../testing/browser.ts";
import { writeLongSession } from "../../testing/long-session.ts";
import { sessionNumber, writeManySessions } from "../../testing/many-sessions.ts";
import { DEADLINE_MS, type RecordBed, startRecordBed } from "./record-bed.ts";
import { expectQuiet } from "./web-bed.ts";

/** Ten pages of the listing. */
const COUNT = 2000;
const SOUND = "f".repeat(32);

/** A step that fails says which one; the test's own deadline is for all of them. */
const SOON = { timeout: DEADLINE_MS, interval: 20 };
vi.setConfig({ testTimeout: 3 * DEADLINE_MS });

let record: RecordBed;
beforeAll(async () => {
  record = await startRecordBed(async (store) => {
    await writeLongSession(store, { id: SOUND, lines: 30, title: "<b>bold</b> \u202edetrevni" });
    writeManySessions(store, COUNT - 1);
  });
  // It reads the sessions into its catalog when it is asked for the first time.
  await fetch(`${record.bed.server.origin}/sessions?limit=1`);
}, 180_000);
afterAll(() => record.close());

const open = async (path = "/sessions", options = {}) => {
  const watched = await record.open(path, options);
  const { page } = watched;
  return {
    watched,
    page,
    total: page.getByRole("status").filter({ hasText: /session/ }),
    rows: page.locator(".session-link"),
  };
};

describe("the list of 2 000 sessions", () => {
  it("is scrolled to its end, and the page holds those in sight", async () => {
    const { page, watched, total } = await open();
    await expect.poll(() => total.textContent(), SOON).toBe("2,000 sessions");
    const last = page.locator(`[aria-posinset="${COUNT}"]`);
    while ((await last.count()) === 0) {
      await page.locator(".session-scroll").evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
      await page.waitForFunction("new Promise((done) => requestAnimationFrame(() => done(true)))");
      expect(await page.locator(".session-row").count()).toBeLessThan(60);
    }
    await page
      .getByRole("link", { name: "Look at the login of customer 0, and say what is wrong" })
      .waitFor();
    expectQuiet(watched);
  });

  it("is narrowed and ordered by the server, and the address says how", async () => {
    const { page, watched, total, rows } = await open();
    await page.getByLabel("State").selectOption("ended");
    await page.getByLabel("Order").selectOption("cost");
    await page.getByLabel("Model").fill("gemini-3-pro");
    await page.keyboard.press("Enter");
    await expect.poll(() => total.textContent(), SOON).toBe("666 sessions");
    await expect.poll(() => page.locator(".session-row").first().textContent(), SOON).toContain("$0.89");
    await total.click();
    await page.keyboard.press("/");
    await page.keyboard.type('"customer 1100"');
    await expect.poll(() => total.textContent(), SOON).toBe("1 session");
    expect(new URL(page.url()).search).toBe(
      "?q=%22customer+1100%22&state=ended&model=gemini-3-pro&sort=cost",
    );
    await page.reload();
    await expect
      .poll(() => rows.allTextContents(), SOON)
      .toEqual([expect.stringContaining("customer 1100,")]);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await expect.poll(() => new URL(page.url()).search, SOON).toBe("?q=%22customer+1100%22&sort=cost");
    expectQuiet(watched);
  });

  it("leads from a word to the message that has it", async () => {
    const { page, watched } = await open("/sessions?q=certificate");
    await page.getByRole("button", { name: "Messages" }).click();
    await page.getByRole("link", { name: /an expired certificate of customer 1994/ }).click();
    expect(page.url()).toMatch(/\/ui\/sessions\/[0-9a-f]{32}#1$/);
    await page
      .getByRole("region", { name: "Event 1" })
      .getByText("an expired certificate of customer 1994")
      .waitFor();
    expectQuiet(watched);
  });

  it("is walked through with keys, and Enter opens", async () => {
    const { page, rows } = await open("/sessions?sort=oldest");
    await rows.first().waitFor();
    const focused = () => page.evaluate("document.activeElement.dataset.row");
    const press = async (key: string, row: string) => {
      await page.keyboard.press(key);
      await expect.poll(focused, SOON).toBe(row);
    };
    await press("j", "0");
    await press("ArrowDown", "1");
    await press("j", "2");
    await press("k", "1");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/ui/sessions/${sessionNumber(1)}`);
  });

  it("says what a session is without believing its words, and verifies it", async () => {
    const { page, watched, rows } = await open("/sessions?q=bold");
    await rows.first().waitFor();
    expect(await rows.first().textContent()).toBe("<b>bold</b> detrevni");
    await page.getByRole("button", { name: /^Verify/ }).click();
    await page.getByText("Verified").waitFor();
    expectQuiet(watched);
  });

  it("shows a new session without being asked", async () => {
    const { watched, total, rows } = await open();
    await rows.first().waitFor();
    const client = await record.bed.connect();
    await client.turn("list the files");
    await expect.poll(() => rows.first().textContent(), SOON).toBe("list the files");
    expect(await total.textContent()).toBe("2,001 sessions");
    client.close();
    expectQuiet(watched);
  });

  it("says what to do when nothing fits, and when the server cannot answer", async () => {
    const { page, rows } = await open("/sessions?q=zzzz&state=active");
    await page.getByRole("heading", { name: "No session fits" }).waitFor();
    await page.route(/\/sessions\?limit/, (route) => route.abort());
    await page.getByRole("button", { name: "Show all sessions" }).click();
    await page.getByText("The server cannot be reached.").waitFor();
    await page.unroute(/\/sessions\?limit/);
    await page.getByRole("button", { name: "Try again" }).click();
    await rows.first().waitFor();
  });

  it("keeps the messages that were found when the next of them cannot be had, and asks when it is told to", async () => {
    const { page, rows } = await open("/sessions?q=customer&find=messages");
    await rows.first().waitFor();
    let asked = 0;
    await page.route(/\/search\?.*cursor=/, (route) => {
      asked += 1;
      return route.fulfill({ status: 400, body: "not now" });
    });
    const toEnd = () =>
      page.locator(".session-scroll").evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
    await toEnd();
    await page.getByText("not now").waitFor();
    expect(await rows.count()).toBeGreaterThan(3);
    const last = await rows.last().textContent();
    await page.locator(".session-scroll").evaluate((box) => box.scrollTo({ top: 0 }));
    await expect.poll(() => rows.last().textContent(), SOON).not.toBe(last);
    await toEnd();
    await expect.poll(() => rows.last().textContent(), SOON).toBe(last);
    expect(asked).toBe(1);
    await page.unroute(/\/search\?.*cursor=/);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("not now").waitFor({ state: "detached" });
    await toEnd();
    await expect.poll(() => rows.last().textContent(), SOON).not.toBe(last);
  });

  it.each([SCREENS[0], SCREENS[2]])(
    "has nothing against it for those who use it in another way, in both schemes: %j",
    async (screen) => {
      const { page, rows } = await open("/sessions?q=customer", screen);
      await rows.first().waitFor();
      expect(await axeFindingsInBothSchemes(page, screen)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    },
  );
});
