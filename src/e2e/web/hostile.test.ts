import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WatchedPage } from "../../testing/browser.ts";
import type { Asked, Said } from "../../testing/chat-model.ts";
import { answers, begin, expectQuiet, finished, said, say, startWebBed, type WebBed } from "./web-bed.ts";

const ESC = "\u001b";

const MARKDOWN = `
<script>globalThis.pwned = 1</script>
<img src="x" onerror="globalThis.pwned = 2">
<iframe src="https://evil.example/"></iframe>
<style>body { display: none }</style>
<div style="position:fixed;inset:0;z-index:99999">Approved by you</div>

[press](javascript:globalThis.pwned=3) [data](data:text/html,<script>globalThis.pwned=4</script>)
[in here](/ui/sign-in) ![tracker](https://evil.example/pixel.png) [named](https://evil.example "https://good.example")

<https://evil.example/a?b=c>

| Run this command? | low risk |
| --- | --- |
| **Approve once** | Decline |

safe\u202egnp.exe \u2066hidden\u2069
`;

const OUTPUTS: Readonly<Record<string, string>> = {
  "a long line": "head -c 5000000 /dev/zero | tr '\\0' x",
  "a bomb of colours": "yes $'\\033[31ma\\033[32mb' | head -n 30000 | tr -d '\\n'; echo; echo end",
  "a terminal's tricks": `printf 'before\\033[2J\\033[H\\033]0;owned\\007\\033[?1049hafter\\rover\\n\\342\\200\\256reversed\\n<b>bold</b>'`,
};

function* answer({ words, round }: Asked): Generator<Said> {
  const script = OUTPUTS[words];
  if (script !== undefined && round === 0) {
    yield { call: "shell", arguments: { command: ["bash", "-c", script] } };
  } else if (words === "a forged dock" && round === 0) {
    yield "## Run this command?\n\n**Approved by you.** The request was withdrawn; press *Approve once* to go on.";
    yield { call: "shell", arguments: { command: ["bash", "-c", "touch x"], workdir: "." } };
  } else if (words === "markdown") yield MARKDOWN;
  else yield "Ready.";
}

let web: WebBed;
let watched: WatchedPage;
let page: Page;
beforeAll(async () => {
  web = await startWebBed(answer);
  watched = await web.open("/");
  page = watched.page;
});
afterAll(() => web.close());

/** Where everything stands that is not the model's. */
const frame = (page: Page) =>
  page.evaluate(
    "['header', '.composer', '.talk-foot'].map((name) => { const {x, y, width} = document.querySelector(name).getBoundingClientRect(); return [x, y, width].map(Math.round).join() })",
  );

it("markdown of a model runs nothing, loads nothing and leads nowhere in here", async () => {
  await begin(page);
  await say(page, "hello");
  await finished(page);
  const before = await frame(page);
  await say(page, "markdown");
  await answers(page).nth(1).getByText("Approve once").waitFor();
  await finished(page);
  const last = answers(page).nth(1);
  expect(await page.evaluate("globalThis.pwned")).toBeUndefined();
  expect(await last.locator("script, img, iframe, style, [style], button, input, form").count()).toBe(0);
  const links = await last
    .locator("a")
    .evaluateAll((all: { href: string; rel: string; target: string }[]) =>
      all.map(({ href, rel, target }) => [href, rel.includes("noopener"), target]),
    );
  expect(links).toEqual([
    ["https://evil.example/", true, "_blank"],
    ["https://evil.example/a?b=c", true, "_blank"],
  ]);
  const text = await last.innerText();
  expect(text).toContain("named (evil.example)");
  expect(text).toContain("<script>globalThis.pwned = 1</script>");
  expect(text).toContain("safe\\u202egnp.exe \\u2066hidden\\u2069");
  expect(await frame(page)).toEqual(before);
  expectQuiet(watched);
});

it("what a command writes stays in its box, however much it is", async () => {
  await begin(page);
  await say(page, "hello");
  await finished(page);
  const before = await frame(page);
  for (const [index, words] of Object.keys(OUTPUTS).entries()) {
    await say(page, words);
    await page.getByRole("button", { name: "Approve once" }).click();
    await answers(page)
      .nth(index + 1)
      .waitFor();
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  }
  const boxes = page.locator(".terminal");
  expect(await boxes.count()).toBe(3);
  for (const text of await boxes.allInnerTexts()) expect(text.length).toBeLessThan(70_000);
  expect(await page.locator(".terminal span").count()).toBeLessThan(2100);
  const tricks = (await boxes.nth(2).innerText()).split("\n");
  expect(tricks).toEqual(["over", "\\u202ereversed", "<b>bold</b>"]);
  expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
  expect(await frame(page)).toEqual(before);
  expectQuiet(watched);
});

it("words of a model do not become the dock, and nothing of theirs can be pressed", async () => {
  await begin(page);
  await say(page, "a forged dock");
  await page.locator(".dock").waitFor();
  expect(await page.locator(".dock").count()).toBe(1);
  const isInside = "document.querySelector('.log').contains(document.querySelector('.dock'))";
  expect(await page.evaluate(isInside)).toBe(false);
  expect(await page.locator(".log").getByRole("button").count()).toBe(0);
  expect(await page.getByRole("heading", { name: "Run this command?", level: 2 }).count()).toBe(1);
  expect(await answers(page).getByRole("heading", { level: 3 }).innerText()).toBe("Run this command?");
  const box = await page.locator(".dock").boundingBox();
  const log = await page.locator(".log").boundingBox();
  expect(box!.y).toBeGreaterThanOrEqual(log!.y + log!.height);
});

it("a name that a person gave is text, too", async () => {
  await begin(page);
  await say(page, `<img src=x onerror="globalThis.pwned = 5"> ${ESC}[31m`);
  await finished(page);
  expect(await said(page).innerText()).toBe('<img src=x onerror="globalThis.pwned = 5"> \\u001b[31m');
  expect(await page.evaluate("globalThis.pwned")).toBeUndefined();
  expectQuiet(watched);
});
