import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { axeFindingsInBothSchemes, SCREENS, type WatchedPage } from "../../testing/browser.ts";
import { writeLongSession } from "../../testing/long-session.ts";
import { DEADLINE_MS, type RecordBed, startRecordBed } from "./record-bed.ts";
import { expectQuiet } from "./web-bed.ts";

const LONG = "a".repeat(32);
const SHORT = "b".repeat(32);
const TAMPERED = "c".repeat(32);
const HOSTILE = "d".repeat(32);
const HELD = "e".repeat(32);
const DAMAGED = "f".repeat(32);

const EVIL = `<img src=x onerror="document.title='owned'"> \u202egnp.exe [x](javascript:alert(1)) ![y](https://evil.example/z.png)`;

let record: RecordBed;
beforeAll(async () => {
  record = await startRecordBed(async (store) => {
    await writeLongSession(store, { id: LONG, lines: 20_000 });
    await writeLongSession(store, { id: SHORT, lines: 120 });
    await writeLongSession(store, { id: HELD, lines: 20 });
    const output = `${"x".repeat(300_000)}\n\u001b[2J\u001b]0;owned\u0007${EVIL}\n`;
    await writeLongSession(store, { id: HOSTILE, lines: 60, title: EVIL, words: EVIL, output });
    await writeLongSession(store, { id: TAMPERED, lines: 60 });
    change(store, TAMPERED, (log) => log.replace("41 tests passed", "42 tests passed"));
    await writeLongSession(store, { id: DAMAGED, lines: 60 });
    change(store, DAMAGED, (log) => log.split("\n").with(20, '{"timestamp": "2026-').join("\n"));
  });
}, 180_000);
afterAll(() => record.close());

function change(store: string, id: string, to: (log: string) => string): void {
  const path = join(store, `${id}.jsonl`);
  writeFileSync(path, to(readFileSync(path, "utf8")));
}

/** A step that fails says which one; the test's own deadline is for all of them. */
const SOON = { timeout: DEADLINE_MS, interval: 20 };
vi.setConfig({ testTimeout: 3 * DEADLINE_MS });

const detail = (page: Page) => page.locator(".event-detail");
const view = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Views of the session" }).getByRole("link", { name }).click();

describe("a session of 20 000 events", () => {
  // It is read once: that takes longer than all that is done with it.
  let watched: WatchedPage;
  let page: Page;
  beforeAll(async () => {
    watched = await record.open(`/sessions/${LONG}#19000`);
    page = watched.page;
  }, DEADLINE_MS);

  it("opens at the event that the address names, and holds the rows in sight", async () => {
    await detail(page).getByRole("heading", { name: "#19000" }).waitFor();
    const current = page.locator(".event-button[aria-current]");
    await current.waitFor();
    const box = await current.boundingBox();
    expect(box?.y).toBeGreaterThan(150);
    expect(box?.y).toBeLessThan(760);
    expect(await page.locator(".event").count()).toBeLessThan(60);
    expect(await page.getByRole("link", { name: /^Events/ }).textContent()).toMatch(/^Events20,0\d\d$/);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy a link to this event" }).click();
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()"), SOON).toBe(page.url());
    expectQuiet(watched);
  });

  it("is walked through by keys, and by what kind its events are", async () => {
    await view(page, "Events");
    await page.keyboard.press("j");
    await detail(page).getByText("The session began").waitFor();
    await page.getByLabel("Jump to").selectOption("approvals");
    await page.getByRole("button", { name: "Approvals after" }).click();
    await detail(page).getByText("is not known to only read").waitFor();
    const [, first] = /#(\d+)$/.exec(page.url()) ?? [];
    await page.getByRole("button", { name: "Approvals after" }).click();
    await detail(page)
      .getByRole("link", { name: `The request, #${first}` })
      .waitFor();
    await page.getByLabel("Show").selectOption("errors");
    await expect.poll(() => page.locator(".event-label").first().textContent(), SOON).toBe("Error");
    await page.locator(".event-button").nth(1).click();
    await detail(page).getByText("provider_overloaded").first().waitFor();
    expectQuiet(watched);
  });

  it("is played at any speed, and from any moment", async () => {
    await view(page, "Replay");
    const player = page.getByRole("group", { name: "Replay" });
    const moment = player.getByRole("slider", { name: "Moment" });
    await expect.poll(() => player.textContent(), SOON).not.toContain("Reading");
    await player.getByLabel("Speed").selectOption("64");
    await player.getByRole("button", { name: "Play" }).click();
    await page.getByText("The tests pass, and the reason stands").first().waitFor();
    await player.getByRole("button", { name: "Pause" }).click();
    await moment.fill("1000");
    await expect.poll(() => moment.getAttribute("aria-valuetext"), SOON).toMatch(/^(.+) of \1$/);
    expect(await page.locator(".block").count()).toBeLessThan(40);
    await page.getByText("The tests pass, and the reason stands").last().waitFor();
    await moment.fill("0");
    await page.getByText("Press play to see the session as it went.").waitFor();
    expectQuiet(watched);
  });
});

describe("one event", () => {
  it("is shown as the line that it is in the log, with its hashes", async () => {
    const watched = await record.open(`/sessions/${SHORT}#12`);
    const { page } = watched;
    await detail(page).getByText("The line in the log").click();
    const line = readFileSync(join(record.store, `${SHORT}.jsonl`), "utf8").split("\n")[12] ?? "";
    const { hash } = JSON.parse(line) as { hash: string };
    await detail(page).getByText(hash, { exact: true }).waitFor();
    expect(await detail(page).locator(".raw-text .long-words").textContent()).toBe(line);
    expectQuiet(watched);
  });

  it("with words that mean harm is shown, and nothing of it happens", async () => {
    const watched = await record.open(`/sessions/${HOSTILE}`);
    const { page } = watched;
    const titles = () => page.title();
    await page.getByLabel("Show").selectOption("everything");
    for (const kind of ["user", "assistant", "output"]) {
      const seq = await seqOf(HOSTILE, kind);
      await page.goto(`/ui/sessions/${HOSTILE}#${seq}`);
      await detail(page)
        .getByRole("heading", { name: `#${seq}` })
        .waitFor();
      await detail(page).getByText("onerror").first().waitFor();
      expect(await detail(page).innerText()).not.toContain("\u202e");
    }
    await view(page, "Replay");
    await page.getByRole("slider", { name: "Moment" }).fill("1000");
    await page.locator(".block").first().waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.locator('main a[href^="javascript:"]').count()).toBe(0);
    expect(await titles()).toMatch(/^<img src=x/);
    expectQuiet(watched);
  });
});

const TYPES: Record<string, string> = {
  user: '"type":"user_input"',
  assistant: '"role":"assistant"',
  output: '"type":"function_call_output"',
};

/** The first line of a kind. */
async function seqOf(id: string, kind: string): Promise<number> {
  const lines = (await readFile(join(record.store, `${id}.jsonl`), "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(TYPES[kind] ?? ""));
}

describe("the record", () => {
  it("is verified in words", async () => {
    const watched = await record.open(`/sessions/${SHORT}`);
    const { page } = watched;
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "This is what was written." }).waitFor();
    await page.getByText("All of them are signed by the server.").waitFor();
    expectQuiet(watched);
  });

  it("that somebody has changed says which line", async () => {
    const watched = await record.open(`/sessions/${TAMPERED}`);
    const { page } = watched;
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "This is not what was written." }).waitFor();
    await page.getByText("Edited.").first().waitFor();
    await page
      .getByRole("link", { name: /^Line \d+$/ })
      .first()
      .click();
    await detail(page).waitFor();
    expect(page.url()).toMatch(/#\d+$/);
    expectQuiet(watched);
  });

  it("of which a line cannot be read says so, and shows the others", async () => {
    const { page, complaints } = await record.open(`/sessions/${DAMAGED}#21`);
    await page.getByText("Between line 19 and line 21 nothing can be read.").waitFor();
    await detail(page).getByRole("heading", { name: "#21" }).waitFor();
    await detail(page).getByText("The line in the log").waitFor();
    await page.getByRole("button", { name: "Event before" }).click();
    await detail(page).getByRole("heading", { name: "#19" }).waitFor();
    await view(page, "Replay");
    await page.getByRole("slider", { name: "Moment" }).fill("1000");
    await page.getByText("The tests pass, and the reason stands").last().waitFor();
    await view(page, "Approvals");
    await page.getByText("A log that is damaged has no list of them.").waitFor();
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("heading", { name: "This is not what was written." }).waitFor();
    expect(complaints.filter((complaint) => !complaint.includes("status of 5"))).toEqual([]);
  });

  it("is exported", async () => {
    const watched = await record.open(`/sessions/${SHORT}`);
    const { page } = watched;
    await page.getByText("Export", { exact: true }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /^JSONL/ }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${SHORT}.jsonl`);
    expect(await readFile(await download.path())).toEqual(readFileSync(join(record.store, `${SHORT}.jsonl`)));
  });

  it("is put under hold, released and archived, each when that is confirmed", async () => {
    const watched = await record.open(`/sessions/${HELD}`);
    const { page } = watched;
    const choose = async (action: RegExp, answer: string) => {
      await page.getByText("More", { exact: true }).click();
      await page.getByRole("button", { name: action }).click();
      await page.getByRole("dialog").getByRole("button", { name: answer }).click();
    };
    await choose(/^Put under legal hold/, "Cancel");
    expect(await page.getByText("On legal hold").count()).toBe(0);
    await choose(/^Put under legal hold/, "Put under hold");
    await page.getByText("On legal hold").waitFor();
    await page.getByText("More", { exact: true }).click();
    await page.getByText("When the legal hold is lifted").click({ force: true });
    expect(await page.getByRole("dialog").count()).toBe(0);
    await choose(/^Lift the legal hold/, "Lift the hold");
    await page.getByText("On legal hold").waitFor({ state: "detached" });
    await choose(/^Archive/, "Archive");
    await page.getByText("Archived", { exact: true }).waitFor();
    expectQuiet(watched);
  });

  it("is followed while the session runs", async () => {
    const client = await record.bed.connect();
    await client.turn("list the files");
    const watched = await record.open(`/sessions/${client.sessionId}`);
    const { page } = watched;
    await page.getByText("Live", { exact: true }).waitFor();
    await client.turn("create news.txt with good news");
    await page.locator(".event-words", { hasText: "add news.txt" }).first().waitFor();
    await view(page, "Files");
    await page.getByText("good news").first().waitFor();
    client.close();
    expectQuiet(watched);
  });

  it("of a session that is not there is missed in words", async () => {
    const watched = await record.open(`/sessions/${"0".repeat(32)}`);
    const { page } = watched;
    await page.getByRole("heading", { name: "There is no such session" }).waitFor();
    await page.getByRole("link", { name: "All sessions" }).click();
    await page.waitForURL("**/ui/sessions");
  });
});

describe("each view", () => {
  // What needs a mouse is hidden where a page was opened without one: a scheme can be changed later, a device cannot.
  it.each([SCREENS[0], SCREENS[2]])(
    "has nothing against it for those who use it in another way, in both schemes: %j",
    async (screen) => {
      const watched = await record.open(`/sessions/${SHORT}#23`, screen);
      const { page } = watched;
      const isFine = async (there: string) => {
        await page.locator(there).first().waitFor();
        expect(await axeFindingsInBothSchemes(page, screen)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      };
      await isFine(".event-detail .diff");
      const close = page.getByRole("link", { name: "Close the event" });
      if (await close.isVisible()) await close.click();
      await view(page, "Timeline");
      await isFine(".step-bar");
      await view(page, "Replay");
      await page.getByRole("slider", { name: "Moment" }).fill("800");
      await isFine(".block-tool");
      await view(page, "Approvals");
      await isFine(".card");
      await view(page, "Files");
      await isFine(".file .diff");
      await view(page, "Cost");
      await isFine(".chart canvas");
      expectQuiet(watched);
    },
  );
});
