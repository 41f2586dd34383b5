import { readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { axeFindingsInBothSchemes, SCREENS, type WatchedPage } from "../../testing/browser.ts";
import type { Asked, Said } from "../../testing/chat-model.ts";
import { linesOf } from "../test-bed.ts";
import {
  answers,
  begin,
  expectQuiet,
  field,
  finished,
  say,
  soon,
  startWebBed,
  type WebBed,
} from "./web-bed.ts";

const PATCH = [
  "*** Begin Patch",
  "*** Update File: greet.txt",
  "@@",
  "-Hello",
  "+Goodbye",
  " world",
  "*** End Patch",
].join("\n");

const touch = (name: string): Said => ({
  call: "shell",
  arguments: { command: ["bash", "-lc", `touch ${name}`] },
});

function* answer({ words, round, hasTools }: Asked): Generator<Said> {
  if (!hasTools) yield "It makes an empty file.";
  else if (words === "touch twice") {
    if (round < 2) yield touch("made.txt");
    else yield "Twice.";
  } else if (words === "touch three") {
    if (round > 0) yield "Three.";
    else for (const name of ["a.txt", "b.txt", "c.txt"]) yield touch(name);
  } else if (words === "patch") {
    if (round > 0) yield "Patched.";
    else yield { call: "apply_patch", arguments: { input: PATCH } };
  } else if (words === "hide") {
    const script = "echo safe\u202e\u200b # \u00a0\trm";
    if (round > 0) yield "Hidden.";
    else yield { call: "shell", arguments: { command: ["bash", "-lc", `${script} > out.txt`] } };
  } else if (round === 0) {
    yield "I will make a file.";
    yield touch("made.txt");
  } else yield "So be it.";
}

let web: WebBed;
let shared: WatchedPage;
let page: Page;
beforeAll(async () => {
  web = await startWebBed(answer);
  shared = await web.open("/");
  page = shared.page;
});
afterAll(() => web.close());
beforeEach(async () => {
  await writeFile(join(web.bed.workspace, "greet.txt"), "Hello\nworld\n");
  for (const name of ["made.txt", "a.txt", "b.txt", "c.txt", "out.txt"])
    await rm(join(web.bed.workspace, name), { force: true });
});

const dock = (page: Page) => page.getByRole("region", { name: /\?$/ });
const press = (page: Page, name: string) => dock(page).getByRole("button", { name, exact: true }).click();
const ready = (page: Page, name: string) =>
  dock(page).getByRole("button", { name, exact: true }).and(page.locator(":enabled"));
const isMade = (name: string) => existsSync(join(web.bed.workspace, name));
const idOf = (page: Page) => new URL(page.url()).pathname.split("/").at(-1) ?? "";

/** What clients have answered, as the session's log has it. */
async function reviews(page: Page): Promise<string[]> {
  return linesOf(await web.bed.log(idOf(page))).flatMap(({ direction, message_data: data }) => {
    const { type, payload } = data as { type?: string; payload?: { review?: string } };
    return direction === "incoming" && type === "approval_response" ? [payload?.review ?? ""] : [];
  });
}

describe("a request for approval", () => {
  it("says what would run, where, within what bounds, why it asks, and until when", async () => {
    await begin(page);
    await say(page, "go");
    await dock(page).waitFor();
    const text = await dock(page).innerText();
    for (const part of ["Run this command?", "risk", "touch made.txt", "bash -lc", web.bed.workspace])
      expect(text).toContain(part);
    expect(text).toContain("writes in the workspace only");
    expect(text).toMatch(/(?:9|10) min left/);
  });

  it("approved once, runs, and is asked for again the next time", async () => {
    await begin(page);
    await say(page, "touch twice");
    await press(page, "Approve once");
    await soon(() => isMade("made.txt"), true);
    await dock(page).waitFor();
    await press(page, "Approve once");
    await answers(page).getByText("Twice.").waitFor();
    await finished(page);
    expect(await reviews(page)).toEqual(["YES", "YES"]);
    expect(await page.getByText("Approved by you.").count()).toBe(2);
  });

  it("always allowed, is not asked for again", async () => {
    await begin(page);
    await say(page, "touch twice");
    await press(page, "Always this");
    await answers(page).getByText("Twice.").waitFor();
    await finished(page);
    expect(await reviews(page)).toEqual(["ALWAYS"]);
  });

  it("declined, does not run, and the agent goes on with the reason", async () => {
    await begin(page);
    await say(page, "go");
    await dock(page).waitFor();
    await dock(page).getByLabel("Why not?").fill("not on a Friday");
    await press(page, "Decline and go on");
    await answers(page).getByText("So be it.").waitFor();
    expect(isMade("made.txt")).toBe(false);
    expect(await page.locator(".call .terminal").innerText()).toContain("not on a Friday");
    expect(await page.locator(".call-state").innerText()).toContain("declined");
  });

  it("declined for good, stops the turn", async () => {
    await begin(page);
    await say(page, "go");
    await press(page, "Decline and stop");
    await finished(page, "Stopped");
    expect(isMade("made.txt")).toBe(false);
    expect(await reviews(page)).toEqual(["NO"]);
  });

  it("explained, runs nothing and is open again", async () => {
    await begin(page);
    await say(page, "go");
    await press(page, "Explain");
    const explanation = page.getByRole("article", { name: "The model's explanation" });
    await explanation.getByText("It makes an empty file.").waitFor();
    await press(page, "Decline and stop");
    await finished(page, "Stopped");
    expect(await reviews(page)).toEqual(["EXPLAIN", "NO"]);
    expect(isMade("made.txt")).toBe(false);
  });

  it("for a patch shows its diff, and applies what the person has made of it", async () => {
    await begin(page);
    await say(page, "patch");
    await page.getByRole("heading", { name: "Change this file?" }).waitFor();
    const diff = dock(page).getByRole("group", { name: "Changes of greet.txt" });
    expect(await diff.locator("tr.line-removed").innerText()).toContain("Hello");
    expect(await diff.locator("tr.line-added").innerText()).toContain("Goodbye");
    await press(page, "Edit the patch");
    const editor = dock(page).getByLabel("The patch, as you want it");
    await editor.fill(PATCH.replace("-Hello", "-Nobody"));
    await press(page, "Approve my version");
    await dock(page).getByText("The edited patch cannot be applied").waitFor();
    await editor.fill(PATCH.replace("Goodbye", "Farewell"));
    await press(page, "Approve my version");
    await answers(page).getByText("Patched.").waitFor();
    expect(await readFile(join(web.bed.workspace, "greet.txt"), "utf8")).toBe("Farewell\nworld\n");
    expect(await page.locator(".call .line-added").innerText()).toContain("Farewell");
  });

  it("shows what nobody could see", async () => {
    await begin(page);
    await say(page, "hide");
    await dock(page).waitFor();
    expect(await dock(page).locator(".command-text").innerText()).toBe(
      "echo safe\\u202e\\u200b # \\u00a0\\trm > out.txt",
    );
    await press(page, "Decline and stop");
  });

  it("says which of the calls it is", async () => {
    await begin(page);
    await say(page, "touch three");
    for (const [index, name] of ["a.txt", "b.txt", "c.txt"].entries()) {
      await dock(page).getByText(`touch ${name}`).waitFor();
      await dock(page)
        .getByText(`${index + 1} of 3`)
        .waitFor();
      await press(page, "Approve once");
    }
    await finished(page);
    expect(["a.txt", "b.txt", "c.txt"].map(isMade)).toEqual([true, true, true]);
  });
});

describe("an answer", () => {
  it("is given once, however often it is clicked", async () => {
    await begin(page);
    await say(page, "go");
    await ready(page, "Approve once").evaluate((element: { click(): void }) => {
      for (let click = 0; click < 5; click += 1) element.click();
    });
    await finished(page);
    expect(await reviews(page)).toEqual(["YES"]);
  });

  it("takes the question away everywhere, and says who gave it", async () => {
    await begin(page);
    await say(page, "go");
    await dock(page).waitFor();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await press(other, "Approve once");
    await finished(page);
    expect(await dock(page).count()).toBe(0);
    await page.getByText(/Approved by another client/).waitFor();
    await other.getByText("Approved by you.").waitFor();
    await other.close();
  });

  it("can be given with keys, and only in the dock", async () => {
    await begin(page);
    await say(page, "go");
    await dock(page).waitFor();
    await ready(page, "Approve once").waitFor();
    await field(page).focus();
    await page.keyboard.press("Control+Enter");
    await page.keyboard.press("Alt+n");
    await dock(page).getByLabel("Why not?").focus();
    await page.keyboard.press("Control+Enter");
    await page.keyboard.press("Control+Backspace");
    await page.getByRole("heading", { name: "Run this command?" }).focus();
    await page.keyboard.press("n");
    await page.keyboard.press("Enter");
    expect(await dock(page).count()).toBe(1);
    await page.keyboard.press("Control+Enter");
    await finished(page);
    expect(await reviews(page)).toEqual(["YES"]);
  });
});

describe("the focus", () => {
  it("goes to the question's heading, and back to where one writes", async () => {
    await begin(page);
    await say(page, "go");
    await field(page).blur();
    await dock(page).waitFor();
    await press(page, "Explain");
    await page.getByText("It makes an empty file.").first().waitFor();
    await page.reload();
    await dock(page).waitFor();
    await soon(() => page.evaluate("document.activeElement.textContent"), "Run this command?");
    await page.keyboard.press("Tab");
    await ready(page, "Decline and stop").focus();
    await page.keyboard.press("Enter");
    await finished(page, "Stopped");
    expect(await page.evaluate("document.activeElement.tagName")).toBe("TEXTAREA");
  });

  it("stays where somebody writes", async () => {
    await begin(page);
    await say(page, "go");
    await field(page).pressSequentially("and anoth");
    await dock(page).waitFor();
    await page.keyboard.type("er thing");
    expect(await field(page).inputValue()).toBe("and another thing");
  });
});

describe("who is elsewhere", () => {
  it("sees it in the title, and is notified where that was allowed", async () => {
    await begin(page);
    await page.evaluate(HIDE);
    await say(page, "go");
    await soon(() => page.title(), "● Run this command? · go · AgentLoop");
    expect(await page.evaluate("notified")).toEqual([["The agent waits for you", "Run this command?"]]);
    await page.evaluate("hide(false)");
    await soon(() => page.title(), "go · AgentLoop");
    await page.reload();
  });

  it("sees it in the title where a page may not notify", async () => {
    await begin(page);
    await page.evaluate(HIDE);
    await page.evaluate(
      "Notification = class { static permission = 'granted'; constructor() { throw new TypeError('Illegal constructor'); } }",
    );
    await say(page, "go");
    await soon(() => page.title(), "● Run this command? · go · AgentLoop");
    await page.evaluate("hide(false)");
    await press(page, "Decline and stop");
    await finished(page, "Stopped");
    await page.reload();
  });

  it("is not asked for leave before a button is pressed", async () => {
    await begin(page);
    await page.evaluate(
      "globalThis.asked = 0; Notification.requestPermission = async () => { asked += 1; return 'denied'; }; Object.defineProperty(Notification, 'permission', {get: () => 'default'})",
    );
    await say(page, "go");
    const button = dock(page).getByRole("button", { name: "Notify me when I am elsewhere" });
    await button.waitFor();
    expect(await page.evaluate("asked")).toBe(0);
    await button.click();
    await button.waitFor({ state: "detached" });
    expect(await page.evaluate("asked")).toBe(1);
    await page.reload();
  });
});

/** A page cannot hide itself, and a test sees no notification: both are played. */
const HIDE = `
  globalThis.notified = [];
  globalThis.Notification = class extends EventTarget {
    static permission = "granted";
    constructor(title, { body }) { super(); notified.push([title, body]); }
    close() {}
  };
  globalThis.hide = (isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  hide(true);
`;

it("the dock has no fault that axe can find, and fits every screen", async () => {
  await begin(page);
  await say(page, "patch");
  await ready(page, "Approve once").waitFor();
  for (const screen of [SCREENS[0], SCREENS[2]]) {
    expect(await axeFindingsInBothSchemes(page, screen)).toEqual([]);
    const button = await ready(page, "Decline and stop").boundingBox();
    expect((button?.y ?? 0) + (button?.height ?? 0)).toBeLessThan(screen.viewport.height);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    expect(await dock(page).locator("kbd").first().isVisible()).toBe(true);
  }
  await press(page, "Decline and stop");
  await finished(page, "Stopped");
});

it("hints at no keys where there are none", async () => {
  const phone = await web.open("/", SCREENS[2]);
  await say(phone.page, "go");
  await dock(phone.page).waitFor();
  expect(await dock(phone.page).locator("kbd").first().isVisible()).toBe(false);
  await phone.close();
});

it("nothing went wrong in the page on the way", () => {
  expectQuiet(shared);
});
