import { afterAll, beforeAll, expect, it } from "vitest";
import { axeFindings, SCREENS, showOn } from "../../testing/browser.ts";
import { answers, finished, say, startWebBed, type WebBed } from "./web-bed.ts";

const TOKEN = "a-token-of-forty-characters-for-the-test";

let web: WebBed;
beforeAll(async () => {
  web = await startWebBed(() => ["Hello."], { AUTH_TOKEN: TOKEN });
});
afterAll(() => web.close());

it("a browser signs in with the token, stays signed in, and signs out", async () => {
  const watched = await web.open("/sessions");
  const { page, complaints } = watched;
  await page.getByRole("heading", { name: "Sign in to AgentLoop" }).waitFor();
  for (const screen of [SCREENS[0], SCREENS[3]]) {
    await showOn(page, screen);
    expect(await axeFindings(page)).toEqual([]);
  }
  await page.getByLabel("Token").fill("not-the-token");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the server's token.").waitFor();
  await page.getByLabel("Token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Sessions" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/sessions");

  await page.getByRole("link", { name: "Talk" }).click();
  await say(page, "hello");
  await answers(page).getByText("Hello.").waitFor();
  await page.reload();
  await finished(page);

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to AgentLoop" }).waitFor();
  await page.goto("/ui/");
  await page.getByRole("heading", { name: "Sign in to AgentLoop" }).waitFor();
  // The browser itself reports the one wrong token.
  expect(complaints).toEqual([expect.stringContaining("401")]);
  await watched.close();
});
