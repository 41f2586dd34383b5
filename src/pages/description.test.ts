import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documents } from "../server/description.ts";
import { axeFindings, openBrowser, SCREENS, type TestBrowser } from "../testing/browser.ts";
import { TestSite } from "../testing/test-site.ts";

const TOKEN = "t".repeat(40);

const site = new TestSite();
beforeAll(() => site.start({ authToken: TOKEN }));
afterAll(() => site.stop());

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = ""]) => found);

describe("the page for people", () => {
  const { openapi, asyncapi, schemas } = documents();

  it("is there for everyone, and a client that has it is told so", async () => {
    const answer = await site.ask({ path: "/docs" });
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    const { etag = "" } = answer.headers;
    const again = await site.ask({ path: "/docs", headers: { "If-None-Match": etag } });
    expect(again).toMatchObject({ status: 304, body: "" });
    expect((await site.ask({ path: "/docs", headers: { Origin: "https://other.example" } })).status).toBe(
      403,
    );
    expect((await site.ask({ path: "/sessions" })).status).toBe(401);
  });

  it("runs nothing, loads nothing, and has one style, which its policy names", async () => {
    const { headers, body } = await site.ask({ path: "/docs" });
    const policy = String(headers["content-security-policy"]);
    expect(body).not.toMatch(/<script|<link(?! rel="icon" href="data:,")|<img|<iframe|\son\w+=|\sstyle=/);
    const [style = "", ...others] = all(body, /<style>([^]*?)<\/style>/g);
    expect(others).toEqual([]);
    expect(policy).toBe(
      `default-src 'none'; img-src data:; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  it("tells of every request, message and schema, and its links lead somewhere from wherever it is served", async () => {
    const { body } = await site.ask({ path: "/docs" });
    const ids = all(body, /\sid="([^"]*)"/g);
    expect(new Set(ids).size).toBe(ids.length);
    const told = [
      ...Object.values(openapi.paths).flatMap((methods) =>
        Object.values(methods).map((one) => one.operationId),
      ),
      ...Object.keys(asyncapi.components.messages),
      ...Object.keys({ ...openapi.components.schemas, ...asyncapi.components.schemas }),
    ];
    expect(ids).toEqual(expect.arrayContaining(told));
    const links = [...new Set(all(body, /<a href="([^"]*)"/g))];
    for (const anchor of links.filter((link) => link.startsWith("#"))) expect(ids).toContain(anchor.slice(1));
    const files = links.filter((link) => !link.startsWith("#"));
    expect(files.length).toBe(2 + Object.keys(schemas).length);
    for (const file of files) {
      expect(file).toMatch(/^\w[\w/]*\.json$/);
      expect((await site.ask({ path: `/${file}` })).status, file).toBe(200);
    }
  });
});

describe("the documents for programs", () => {
  it("are those that are generated", async () => {
    const { openapi, asyncapi, schemas } = documents();
    const read = async (path: string): Promise<unknown> => JSON.parse((await site.ask({ path })).body);
    expect(await read("/openapi.json")).toEqual(openapi);
    expect(await read("/asyncapi.json")).toEqual(asyncapi);
    expect(await read("/schemas/user_input.json")).toEqual(schemas["user_input"]);
  });

  it.each([
    "/schemas/nonsense.json",
    "/schemas/docs.html",
    "/schemas/..%2Fopenapi.json",
    "/schemas/__proto__.json",
  ])("there is none at %s", async (path) => {
    const { status, body } = await site.ask({ path });
    expect(status).toBe(404);
    expect(JSON.parse(body)).toMatchObject({ error: { code: "not_found" } });
  });
});

/** Of a hundred sections, which are all made alike: axe would take many seconds for them. */
const LEAVE_SOME =
  "document.querySelectorAll('section.one').forEach((one, at) => at % 10 === 0 || one.remove())";

describe("in a browser, on a desk and on a phone", () => {
  let browser: TestBrowser;
  beforeAll(async () => (browser = await openBrowser()));
  afterAll(() => browser.close());

  it.each([SCREENS[0], SCREENS[3]])(
    "the page fits and has no fault that axe can find: $colorScheme",
    { timeout: 60_000 },
    async (screen) => {
      const opened = await browser.open(site.origin, screen);
      const { page, complaints, badRequests } = opened;
      await page.goto("/docs");
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      await page.evaluate(LEAVE_SOME);
      expect(await axeFindings(page)).toEqual([]);
      expect([...complaints, ...badRequests]).toEqual([]);
      await opened.close();
    },
  );
});
