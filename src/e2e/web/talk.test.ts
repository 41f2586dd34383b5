import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { axeFindings, axeFindingsInBothSchemes, SCREENS, type WatchedPage } from "../../testing/browser.ts";
import type { Asked, Said } from "../../testing/chat-model.ts";
import { Relay } from "../../testing/relay.ts";
import {
  answers,
  begin,
  expectQuiet,
  field,
  finished,
  said,
  say,
  soon,
  startWebBed,
  type WebBed,
} from "./web-bed.ts";

const STORY = Array.from({ length: 120 }, (_, index) => `word${index}`);

/** What a test lets go on; each time it is asked for, one more may. */
class Gate {
  #pass = Promise.withResolvers<void>();

  open(): void {
    this.#pass.resolve();
    this.#pass = Promise.withResolvers();
  }

  get opened(): Promise<void> {
    return this.#pass.promise;
  }
}

const gate = new Gate();

async function* answer({ words, round, hasTools, model }: Asked): AsyncGenerator<Said> {
  if (!hasTools) yield "In short: something was said.";
  else if (words === "tell a story") {
    for (const [index, word] of STORY.entries()) {
      yield `${word} `;
      if (index === 60) await gate.opened;
    }
  } else if (words === "think") {
    yield { reasoning: "Let me see what there is." };
    yield "# Found\n\n- a **list**\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```js\nlet x = 1;\n```";
  } else if (words === "count") {
    if (round === 0) {
      yield "I will count.";
      const script = "for i in 1 2 3; do echo line $i; done; printf '\\033[31mred\\033[0m'; exit 3";
      yield { call: "shell", arguments: { command: ["bash", "-c", script] } };
    } else yield "Counted.";
  } else if (words === "wait for me") {
    yield "Waiting";
    await gate.opened;
    yield " no more.";
  } else if (words === "fail") yield { refuse: 401 };
  else yield `I am ${model}, and you said: ${words}`;
}

let web: WebBed;
let shared: WatchedPage;
let page: Page;
beforeAll(async () => {
  web = await startWebBed(answer, { APPROVAL_POLICY: "full-auto" });
  shared = await web.open("/");
  page = shared.page;
});
afterAll(() => web.close());

describe("talk", () => {
  it("begins a session with the first message, gives it its address, and finds it again there", async () => {
    const watched = await web.open("/");
    const { page } = watched;
    await say(page, "think");
    await finished(page);
    expect(await answers(page).getByRole("heading", { name: "Found" }).count()).toBe(1);
    expect(await page.getByRole("cell", { name: "2" }).count()).toBe(1);
    expect(await page.getByText("Let me see what there is.").isVisible()).toBe(false);
    await page.getByText("Thought").click();
    expect(await page.getByText("Let me see what there is.").isVisible()).toBe(true);
    expect(page.url()).toMatch(/\/ui\/talk\/[0-9a-f]{32}$/);
    expect(await page.title()).toBe("think · AgentLoop");

    await page.reload();
    await finished(page);
    expect(await said(page).allInnerTexts()).toEqual(["think"]);
    expect(await answers(page).count()).toBe(1);
    expectQuiet(watched);
    await watched.close();
  });

  it("makes no session for those who only look", async () => {
    const total = async () => {
      const answer = await fetch(`${web.bed.server.origin}/sessions?limit=1`);
      return ((await answer.json()) as { total: number }).total;
    };
    const before = await total();
    await page.goto("/ui/");
    await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
    expect(await total()).toBe(before);
  });

  it("shows a command with its output in colours, its exit code and where it ran", async () => {
    await begin(page);
    await say(page, "count");
    await answers(page).getByText("Counted.").waitFor();
    const call = page.locator(".call");
    expect(await call.locator(".call-state").innerText()).toContain("exit 3");
    expect(await call.locator(".terminal").innerText()).toBe("line 1\nline 2\nline 3\nred");
    expect(await call.locator(".ansi-red").innerText()).toBe("red");
  });

  it("loses nothing and doubles nothing when the connection breaks in the middle of an answer", async () => {
    using relay = await Relay.start(web.bed.server.port);
    const watched = await web.open("/", { origin: `http://127.0.0.1:${relay.port}` });
    const { page } = watched;
    await say(page, "tell a story");
    await answers(page).getByText("word60").waitFor();
    relay.target = undefined;
    relay.cut();
    await page.getByText("The connection was lost.").waitFor();
    await page.getByRole("banner").getByText("Reconnecting…").waitFor();
    relay.target = web.bed.server.port;
    await page.getByText("The connection was lost.").waitFor({ state: "detached" });
    gate.open();
    await finished(page);
    expect((await answers(page).innerText()).split(/\s+/)).toEqual(STORY);
    expect(await said(page).count()).toBe(1);
    await watched.close();
  });

  it("takes in what is said while the agent works, and shows until then that it waits", async () => {
    await begin(page);
    await say(page, "wait for me");
    await answers(page).getByText("Waiting").waitFor();
    await say(page, "and this");
    await page.getByText("Waits for the agent's next step").waitFor();
    gate.open();
    await answers(page).getByText("you said: and this").waitFor();
    expect(await page.getByText("Waits for the agent's next step").count()).toBe(0);
    await finished(page);
  });

  it("goes on while other pages are looked at", async () => {
    await begin(page);
    await say(page, "wait for me");
    await answers(page).getByText("Waiting").waitFor();
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("heading", { name: "Sessions" }).waitFor({ state: "attached" });
    gate.open();
    await page.getByRole("link", { name: "Talk" }).click();
    await answers(page).getByText("Waiting no more.").waitFor();
    await finished(page);
  });

  it("stops", async () => {
    await begin(page);
    await say(page, "wait for me");
    await answers(page).getByText("Waiting").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await finished(page, "Stopped");
    expect(await answers(page).innerText()).toContain("It stopped here.");
    gate.open();
  });

  it("goes on with another model in the same conversation", async () => {
    await begin(page);
    await say(page, "hello");
    await answers(page).getByText("I am gpt-5, and").waitFor();
    await finished(page);
    await page.getByLabel("Model").selectOption("gpt-4.1");
    await page.getByText("from the next message").waitFor();
    await say(page, "hello again");
    await answers(page).getByText("I am gpt-4.1, and").waitFor();
    await page.getByText("Goes on with gpt-4.1.").waitFor();
    expect(await page.getByLabel("Model").inputValue()).toBe("gpt-4.1");
    expect(await page.getByText("from the next message").count()).toBe(0);
  });

  it("is the same in two tabs", async () => {
    await begin(page);
    await say(page, "hello");
    await finished(page);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await finished(other);
    await say(other, "from the other tab");
    for (const tab of [page, other]) {
      await answers(tab).getByText("you said: from the other tab").waitFor();
      expect(await said(tab).count()).toBe(2);
      expect(await answers(tab).count()).toBe(2);
    }
    await other.close();
  });

  it("tells how full the context is, and compacts it", async () => {
    await begin(page);
    for (const words of ["hello", "hello again", "and again"]) {
      await say(page, words);
      await answers(page).getByText(`you said: ${words}`).waitFor();
    }
    await finished(page);
    await page.locator(".meter summary").click();
    expect(await page.locator(".meter-panel").innerText()).toContain("% used");
    await page.getByRole("button", { name: "Compact now" }).click();
    await page.getByText(/Older parts were summarised|nothing to compact/i).waitFor();
  });

  it("says what to do about an error", async () => {
    await begin(page);
    await say(page, "fail");
    await page.getByText("The provider does not take the server's key.").waitFor();
    await finished(page, "Failed");
  });

  it("keeps what is being written, for each session by itself", async () => {
    await begin(page);
    await say(page, "hello");
    await finished(page);
    await field(page).fill("half a thought");
    await page.reload();
    expect(await field(page).inputValue()).toBe("half a thought");
    await page.getByRole("link", { name: "New session" }).click();
    await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
    expect(await field(page).inputValue()).toBe("");
    await page.goBack();
    await finished(page);
    expect(await field(page).inputValue()).toBe("half a thought");
  });

  it("sends with Enter, breaks the line with Shift and Enter, and lets go of neither while composing", async () => {
    await begin(page);
    await field(page).fill("one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    expect(await field(page).inputValue()).toBe("one\ntwo");
    await field(page).dispatchEvent("keydown", { key: "Enter", isComposing: true });
    expect(await field(page).inputValue()).toBe("one\ntwo");
    await page.keyboard.press("Enter");
    await answers(page).getByText("you said: one").waitFor();
  });

  it("leads the reader to the end again who has scrolled up", async () => {
    await begin(page);
    await page.setViewportSize({ width: 900, height: 400 });
    await say(page, "think");
    await answers(page).getByText("Found").waitFor();
    await say(page, "count");
    await answers(page).getByText("Counted.").waitFor();
    await finished(page);
    const log = page.getByRole("region", { name: "Conversation" });
    const distance = () =>
      log.evaluate((box: { scrollHeight: number; scrollTop: number; clientHeight: number }) =>
        Math.round(box.scrollHeight - box.scrollTop - box.clientHeight),
      );
    await soon(distance, 0);
    await log.hover();
    await page.mouse.wheel(0, -300);
    await page.getByRole("button", { name: "Jump to latest" }).waitFor();
    await say(page, "hello");
    await answers(page).getByText("you said: hello").waitFor();
    expect(await distance()).toBeGreaterThan(100);
    await page.getByRole("button", { name: "Jump to latest" }).click();
    await soon(distance, 0);
    await page.setViewportSize(SCREENS[0].viewport);
  });
});

describe("the shell", () => {
  it("lists all keys with ?, and not while somebody types", async () => {
    await begin(page);
    await field(page).fill("what");
    await page.keyboard.press("?");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    expect(await field(page).inputValue()).toBe("what?");
  });

  it("draws no button to copy where the browser lends no clipboard", async () => {
    const plain = await page.context().newPage();
    await plain.addInitScript(
      "Object.defineProperty(globalThis, 'isSecureContext', { value: false }); delete Navigator.prototype.clipboard;",
    );
    await plain.goto("/ui/");
    await say(plain, "think");
    await finished(plain);
    expect(await plain.locator("pre", { hasText: "let x = 1;" }).count()).toBe(1);
    expect(await plain.getByRole("button", { name: /^Copy/ }).count()).toBe(0);
    await plain.close();
  });

  it("says so where there is no page, and no session", async () => {
    const lost = await page.context().newPage();
    await lost.goto("/ui/nowhere");
    await lost.getByRole("heading", { name: "There is nothing here" }).waitFor();
    expect(await axeFindings(lost)).toEqual([]);
    await lost.goto(`/ui/talk/${"0".repeat(32)}`);
    await lost.getByText("There is no such session on this server.").waitFor();
    expect(await axeFindings(lost)).toEqual([]);
    await lost.close();
  });

  it("has no fault that axe can find, on any screen, in either scheme", async () => {
    await begin(page);
    expect(await axeFindings(page)).toEqual([]);
    for (const words of ["think", "count", "fail"]) {
      await say(page, words);
      await page.locator({ think: ".folded", count: ".call", fail: ".problem-card" }[words] ?? "").waitFor();
      await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    }
    await page.locator(".meter summary").click();
    for (const screen of [SCREENS[0], SCREENS[2]]) {
      expect(await axeFindingsInBothSchemes(page, screen)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    }
  });
});

it("nothing went wrong in the page on the way", () => {
  expectQuiet(shared);
});
