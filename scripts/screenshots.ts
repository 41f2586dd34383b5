/**
 * Takes pictures of the web UI's pages, on a desk and on a phone, light and dark, from a server with a scripted model:
 * `npm run screenshots [-- FOLDER]`. Default folder: dist/pictures; the best stand in docs/pictures. The web UI must be built.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { startTestBed, type TestBed } from "../src/e2e/test-bed.ts";
import { openBrowser, SCREENS, type TestBrowser } from "../src/testing/browser.ts";
import { FILES, REGISTRY, RESPONSES, TASK } from "./screenshots/scenario.ts";

type Screen = (typeof SCREENS)[number];

const folder = process.argv[2] ?? "dist/pictures";

async function main(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await using bed = await startBed();
  await using browser = await openBrowser();
  for (const screen of SCREENS) await takeAll(browser, bed, screen);
}

const inFolder = Object.fromEntries(
  Object.entries(FILES).map(([name, content]) => [join("exporter", name), content]),
);

/** The agent works in a folder below, so that the model's script can have a short name. */
const startBed = (): Promise<TestBed> =>
  startTestBed(
    { MODEL: "scripted:nightly-export", MODEL_REGISTRY_PATH: "registry", WORKING_DIRECTORY: "exporter" },
    {
      "nightly-export": JSON.stringify({ responses: RESPONSES }),
      registry: JSON.stringify(REGISTRY),
      ...inFolder,
    },
  );

/** Goes the way of a person, with a picture at each stop. */
async function takeAll(browser: TestBrowser, { server, workspace }: TestBed, screen: Screen): Promise<void> {
  // The patch of the round before is taken back.
  for (const [name, content] of Object.entries(inFolder)) await writeFile(join(workspace, name), content);
  const watched = await browser.open(server.origin, { ...screen, deviceScaleFactor: 1 });
  const { page } = watched;
  const take = (name: string) => picture(page, name, screen);
  await page.goto("/ui/");
  await page.getByRole("heading", { name: "What shall we do?" }).waitFor();
  await take("new");
  await page.getByLabel("Message").fill(TASK);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Change this file?" }).waitFor();
  await page.getByRole("button", { name: "Approve once" }).isEnabled();
  await take("approve-patch");
  await page.getByRole("button", { name: "Approve once" }).click();
  await page.getByRole("heading", { name: "Run this command?" }).waitFor();
  await take("approve-command");
  await page.getByRole("button", { name: "Approve once" }).click();
  await page.getByText("Done ·").waitFor();
  await take("talk");
  await takeRecord(page, take);
  await watched.close();
}

async function takeRecord(page: Page, take: (name: string) => Promise<void>): Promise<void> {
  await page.getByRole("link", { name: "Sessions" }).click();
  await page.getByRole("link", { name: TASK }).first().waitFor();
  await take("sessions");
  await page.getByRole("link", { name: TASK }).first().click();
  // All of it has been read: there is something to jump to.
  await page.getByRole("link", { name: /^Events\s*\d\d/ }).waitFor();
  await page.getByRole("button", { name: "Approvals after" }).click();
  await page.locator(".event-detail .diff").waitFor();
  await take("review-event");
  const address = page.url().replace(/#.*$/, "");
  await page.goto(`${address}?view=timeline`);
  await page.locator(".step-bar").first().waitFor();
  await take("review-timeline");
  await page.goto(`${address}?view=replay`);
  await page.locator(".player-event", { hasText: "#" }).waitFor({ state: "attached" });
  await page.getByRole("slider", { name: "Moment" }).fill("600");
  await page.locator(".block-tool").first().waitFor();
  await take("review-replay");
}

async function picture(page: Page, name: string, { colorScheme, viewport }: Screen): Promise<void> {
  const place = viewport.width < 500 ? "phone" : "desk";
  // What was just drawn settles, and the time that is left is read once more.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 450)))");
  await page.screenshot({ path: join(folder, `${name}-${place}-${colorScheme}.png`) });
}

await main();
